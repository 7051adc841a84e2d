"""MS-EDEN: block scales that are corrected until the product with the input is right, then rounded at random."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.formats.arrays import as_codes, float32_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.blocking import to_blocks
from analysis.formats.counter import uniform
from analysis.formats.format import Quantized, values_tensor

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array

SCALE_STREAM = 1 << 32  # apart from the seed, so that scales and elements never share a random number


@dataclass(frozen=True, eq=False)
class EdenFormat(BlockFormat):
    """A block format whose scales are multiplied by one factor a vector and rounded stochastically.

    With q the codes' values and y = x / (block scale x tensor scale), the factor is <y, y> / <y, q> over each
    `together` blocks along the axis. After a randomized rotation the result is unbiased up to a shrink of less than
    0.1%. The scales are random under any element rounding. Source: Quartet II, arXiv 2601.22813, MS-EDEN.
    """

    together: int = 8

    def quantize(
        self, x: Array, axis: int = -1, rounding: str = "nearest", seed: int = 0, offset: int = 0
    ) -> Quantized:
        """As BlockFormat.quantize; random scales draw by the position of their block's first element in `x`."""
        import torch

        assert self.scale is not None
        plain = super().quantize(x, axis, rounding, seed, offset)
        tensor, back = float32_tensor(x)
        blocks = to_blocks(tensor, self.block_size, axis)
        factor = self._tensor_scale(blocks)[0]
        scale_codes = self._per_block(as_codes(plain.scales)[0], tensor, axis).squeeze(-1)
        scales = values_tensor(self.scale, tensor.device)[scale_codes]
        values = values_tensor(self.element, tensor.device)[to_blocks(as_codes(plain.codes)[0], self.block_size, axis)]
        scaled = torch.where((scales > 0).unsqueeze(-1), self._scaled(blocks, scales, factor), 0)
        corrected = scales * self._correction(scaled, values)
        draws = uniform(seed + SCALE_STREAM, offset, tensor.numel(), torch.float32, tensor.device)
        draws = to_blocks(draws.reshape(tensor.shape), self.block_size, axis)[..., 0]
        codes = self.scale.round_tensor(corrected, "stochastic", True, draws)
        codes = torch.where(torch.isnan(scales), scale_codes.to(codes.dtype), codes)
        return replace(plain, scales=back(self._along(codes, tensor, axis)))

    def _correction(self, scaled: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """(..., n_blocks): <y, y> / <y, q> of the blocks that each one goes with, 1 where <y, q> is zero."""
        import torch

        count, together = scaled.shape[-2], self.together
        sums = torch.stack([scaled.square().sum(dim=-1), (scaled * values).sum(dim=-1)])
        sums = torch.nn.functional.pad(sums, (0, -count % together)).unflatten(-1, (-1, together)).sum(dim=-1)
        energy, product = sums.repeat_interleave(together, dim=-1)[..., :count]
        return torch.where(product > 0, energy / product, 1)
