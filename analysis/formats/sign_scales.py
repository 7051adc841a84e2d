"""Blocks with one scale for their positive and one for their negative elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.formats.arrays import as_codes, as_tensor, float32_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.blocking import from_blocks, to_blocks
from analysis.formats.format import Quantized, uniform_like, values_tensor

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array


@dataclass(frozen=True, eq=False)
class SignScalesFormat(BlockFormat):
    """value = element x (scale of its sign): max(x, 0) and |min(x, 0)| of a block each meet the largest element.

    Source: AFPQ, arXiv 2311.01792.
    """

    def _bits_per_block(self) -> float:
        return 2 * super()._bits_per_block()

    def quantize(
        self, x: Array, axis: int = -1, rounding: str = "nearest", seed: int = 0, offset: int = 0
    ) -> Quantized:
        """As BlockFormat.quantize; scales are those of positive elements, second_scales those of negative ones."""
        import torch

        tensor, back = float32_tensor(x)
        blocks = to_blocks(tensor, self.block_size, axis)
        draws = uniform_like(tensor, rounding, seed, offset)
        draws = None if draws is None else to_blocks(draws, self.block_size, axis)
        finite = torch.isfinite(blocks).all(dim=-1)
        up_codes, up = self._rounded(blocks.amax(dim=-1).clamp(min=0) / self.element.reach, finite)
        down_codes, down = self._rounded(-blocks.amin(dim=-1).clamp(max=0) / self.element.reach, finite)
        scaled = self._scaled(blocks, torch.where(blocks < 0, down.unsqueeze(-1), up.unsqueeze(-1)))
        codes = self.element.round_tensor(scaled, rounding, True, draws)
        return Quantized(
            back(from_blocks(codes, tensor.shape, self.block_size, axis)),
            back(self._along(up_codes, tensor, axis)),
            axis=axis,
            second_scales=back(self._along(down_codes, tensor, axis)),
        )

    def limits(self, quantized: Quantized) -> tuple[Array, Array]:
        """The smallest and the largest value that each element could have taken, in the tensor's shape."""
        codes, back = as_codes(quantized.codes)
        blocks = to_blocks(codes, self.block_size, quantized.axis)
        up, down = self._both_scales(quantized, codes)
        low, high = (
            from_blocks((end * scale).expand(blocks.shape), codes.shape, self.block_size, quantized.axis)
            for end, scale in ((-self.element.reach, down), (self.element.reach, up))
        )
        return back(low), back(high)

    def _scaled(self, blocks: torch.Tensor, scales: torch.Tensor, factor: torch.Tensor | None = None) -> torch.Tensor:
        import torch

        return torch.where(scales > 0, blocks / scales, 0).clamp(-self.element.reach, self.element.reach)

    def _decoded_scales(self, quantized: Quantized, codes: torch.Tensor) -> torch.Tensor:
        import torch

        up, down = self._both_scales(quantized, codes)
        values = values_tensor(self.element, codes.device)[to_blocks(codes, self.block_size, quantized.axis)]
        return torch.where(values < 0, down, up)

    def _both_scales(self, quantized: Quantized, codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(..., n_blocks, 1) each."""
        stored = (quantized.scales, quantized.second_scales)
        if self.scale is None:
            up, down = (as_tensor(scales)[0] for scales in stored)
        else:
            table = values_tensor(self.scale, codes.device)
            up, down = (table[as_codes(scales)[0]] for scales in stored)
        return self._per_block(up, codes, quantized.axis), self._per_block(down, codes, quantized.axis)
