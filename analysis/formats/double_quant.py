"""Double quantization: the scales of the blocks are quantized in blocks of their own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from analysis.formats.arrays import as_codes, as_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.format import Quantized

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array


@dataclass(frozen=True, eq=False)
class DoubleFormat(BlockFormat):
    """A block format whose float32 scales are stored less their mean, quantized by `inner`, in order of the blocks.

    Elements are rounded under the exact scales and decoded under the stored ones. A block that is not finite spoils
    the inner block that holds its scale. Source: QLoRA, arXiv 2305.14314, section 3; bitsandbytes.
    """

    inner: BlockFormat = field(kw_only=True)

    def _bits_per_block(self) -> float:
        return self.inner.bits_per_element

    def quantize(
        self, x: Array, axis: int = -1, rounding: str = "nearest", seed: int = 0, offset: int = 0
    ) -> Quantized:
        """As BlockFormat.quantize; second_scales are those of the inner blocks, scale_mean is a float32."""
        import torch

        quantized = super().quantize(x, axis, rounding, seed, offset)
        stored, back = as_tensor(quantized.scales)
        scales = self._per_block(stored, as_codes(quantized.codes)[0], axis).squeeze(-1)
        finite = torch.isfinite(scales)
        mean = scales[finite].double().mean().float() if finite.any() else torch.zeros((), device=scales.device)
        inner = self.inner.quantize((scales - mean).reshape(-1))
        codes = torch.as_tensor(inner.codes).reshape(scales.shape)
        return replace(
            quantized,
            scales=back(self._along(codes, as_codes(quantized.codes)[0], axis)),
            second_scales=back(inner.scales),
            scale_mean=back(mean),
        )

    def _decoded_scales(self, quantized: Quantized, codes: torch.Tensor) -> torch.Tensor:
        inner_codes = self._per_block(as_codes(quantized.scales)[0], codes, quantized.axis)
        inner = Quantized(inner_codes.reshape(-1), as_tensor(quantized.second_scales)[0])
        scales = as_tensor(self.inner.dequantize(inner))[0] + as_tensor(quantized.scale_mean)[0]
        return scales.reshape(inner_codes.shape)
