"""Dynamic fixed point: the whole tensor shares an exponent, which follows the rate of overflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.formats.arrays import as_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.format import Format
from analysis.formats.scaling import SCALE_RULES

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array

MOST_OVERFLOW = 1e-4


def next_exponent(x: Array, exponent: int, element: Format, most: float = MOST_OVERFLOW) -> int:
    """The exponent for the next tensor: one more when more than `most` (a share) of `x` overflows, one less when no
    more than that would overflow at half the step, else the same.

    A value overflows when |x| > 2^exponent times the element's largest. Source: arXiv 1412.7024, section 5.
    """
    magnitudes = as_tensor(x)[0].abs().double()

    def overflow(e: int) -> float:
        return float((magnitudes > element.reach * 2.0**e).double().mean())

    if overflow(exponent) > most:
        return exponent + 1
    return exponent - 1 if overflow(exponent - 1) <= most else exponent


@dataclass(frozen=True, eq=False)
class DynamicFixedPoint(BlockFormat):
    """Elements times 2^exponent, the exponent at which next_exponent comes to rest: the smallest one with which no
    more than `most_overflow` (a share) of the tensor overflows and saturates.
    """

    most_overflow: float = MOST_OVERFLOW

    def _scales(
        self, blocks: torch.Tensor, element: Format, choice: float, factor: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        finite = torch.isfinite(blocks).all(dim=-1)
        magnitudes = torch.where(finite.unsqueeze(-1), blocks.abs(), 0)
        size = blocks.shape[-1]
        kept = size - int(self.most_overflow * size)
        largest = magnitudes.kthvalue(kept, dim=-1).values
        return self._rounded(SCALE_RULES[self.scale_rule](largest, element, factor), finite)
