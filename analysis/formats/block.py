"""Block formats: elements that share a scale, with an optional scale of the whole tensor on top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.formats.arrays import as_codes, as_tensor
from analysis.formats.blocking import BlockSize, from_blocks, to_blocks
from analysis.formats.format import Format, Quantized, uniform_like, values_tensor
from analysis.formats.scaling import FLOAT32_MAX, SCALE_RULES, tensor_factor

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array


@dataclass(frozen=True, eq=False)
class BlockFormat:
    """value = element x block scale (x tensor scale). block_size counts elements along the quantized axis, or is
    "row" (one scale a vector) or "tensor". scale None keeps the scale in float32, unrounded. All arithmetic is
    float32, so float64 tensors are rounded to float32 first.
    """

    name: str
    element: Format
    block_size: BlockSize
    scale: Format | None
    scale_rule: str
    source: str
    tensor_scale: bool = False
    title: str = ""

    @property
    def bits(self) -> int:
        return self.element.bits

    @property
    def bits_per_element(self) -> float:
        """Bits stored for an element with its share of the block scale; one scale a row or tensor counts nothing."""
        scale_bits = 32 if self.scale is None else self.scale.bits
        return self.bits + (scale_bits / self.block_size if isinstance(self.block_size, int) else 0.0)

    def quantize(
        self, x: Array, axis: int = -1, rounding: str = "nearest", seed: int = 0, offset: int = 0
    ) -> Quantized:
        """The codes and scales of a tensor, blocks along `axis`.

        Elements saturate, on both sides at the largest positive value. A block that holds NaN or infinity gets a
        NaN scale and decodes to NaN; other blocks do not notice, and the tensor scale ignores it. Raises ValueError
        for an empty tensor. Stochastic rounding draws by position in `x`, as in Format.encode.
        """
        tensor, back = as_tensor(x)
        if tensor.numel() == 0:
            raise ValueError("the tensor is empty; a block needs at least one element")
        tensor = tensor.float()
        blocks = to_blocks(tensor, self.block_size, axis)
        draws = uniform_like(tensor, rounding, seed, offset)
        factor, tensor_scale = self._tensor_scale(blocks)
        scale_codes, scales = self._scales(blocks, factor)
        scaled = self._scaled(blocks, scales, factor).clamp(-self.element.reach, self.element.reach)
        draws = None if draws is None else to_blocks(draws, self.block_size, axis)
        codes = self.element.round_tensor(scaled, rounding, saturate=True, uniform=draws)
        codes = from_blocks(codes, tensor.shape, self.block_size, axis)
        if tensor.ndim and self.block_size != "tensor":
            scale_codes = scale_codes.movedim(-1, axis)
        return Quantized(back(codes), back(scale_codes), None if tensor_scale is None else back(tensor_scale), axis)

    def dequantize(self, quantized: Quantized) -> Array:
        """The tensor, float32."""
        codes, back = as_codes(quantized.codes)
        elements = to_blocks(values_tensor(self.element, codes.device)[codes], self.block_size, quantized.axis)
        values = elements * self._decoded_scales(quantized, codes)
        if quantized.tensor_scale is not None:
            values = values * as_tensor(quantized.tensor_scale)[0]
        return back(from_blocks(values, codes.shape, self.block_size, quantized.axis))

    def limits(self, quantized: Quantized) -> tuple[Array, Array]:
        """The smallest and the largest value that each element could have taken, in the tensor's shape."""
        import torch

        codes, back = as_codes(quantized.codes)
        top = self.element.reach * self._decoded_scales(quantized, codes)
        if quantized.tensor_scale is not None:
            top = top * as_tensor(quantized.tensor_scale)[0]
        blocks = to_blocks(torch.zeros(codes.shape, device=codes.device), self.block_size, quantized.axis)
        top = from_blocks(top.expand_as(blocks), codes.shape, self.block_size, quantized.axis)
        return back(-top), back(top)

    def _tensor_scale(self, blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The factor applied while encoding, and the tensor's scale kept for decoding (None without one)."""
        import torch

        if not self.tensor_scale or self.scale is None:
            return torch.ones((), device=blocks.device), None
        amax = torch.where(torch.isfinite(blocks), blocks, 0).abs().max()
        return tensor_factor(amax, self.element, self.scale), amax / (self.scale.max * self.element.reach)

    def _scales(self, blocks: torch.Tensor, factor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The scale codes and the decoded scales, both (..., n_blocks)."""
        import torch

        amax = blocks.abs().amax(dim=-1)
        wanted = SCALE_RULES[self.scale_rule](amax, self.element, factor)
        wanted = torch.where(torch.isfinite(amax), wanted, torch.nan)
        if self.scale is None:
            return wanted, wanted
        codes = self.scale.round_tensor(wanted, "nearest", saturate=True)
        return codes, values_tensor(self.scale, codes.device)[codes.long()]

    def _scaled(self, blocks: torch.Tensor, scales: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        """The blocks in units of their scale; zeros where the scale is zero or NaN."""
        import torch

        scales = scales.unsqueeze(-1)
        if self.tensor_scale:
            # Transformer Engine multiplies by a capped reciprocal: with a zero scale the signs survive.
            scaled = blocks * (1 / (scales / factor)).clamp(max=FLOAT32_MAX)
            return torch.where(torch.isfinite(scales), scaled, 0)
        return torch.where(scales > 0, blocks / scales, 0)

    def _decoded_scales(self, quantized: Quantized, codes: torch.Tensor) -> torch.Tensor:
        """(..., n_blocks, 1) float32."""
        if self.scale is None:
            scales = as_tensor(quantized.scales)[0]
        else:
            scale_codes = as_codes(quantized.scales)[0]
            scales = values_tensor(self.scale, codes.device)[scale_codes]
        if codes.ndim and self.block_size != "tensor":
            scales = scales.movedim(quantized.axis, -1)
        return scales.unsqueeze(-1)
