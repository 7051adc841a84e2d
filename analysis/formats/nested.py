"""Nested integers: a narrow format cut from the codes of a wider one, so that one checkpoint serves many widths."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from analysis.formats.affine import AffineFormat
from analysis.formats.arrays import as_codes
from analysis.formats.format import Quantized, values_tensor

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array


def slice_levels(levels: torch.Tensor, bits: int, kept: int, truncate: bool = False) -> torch.Tensor:
    """The `kept` top bits of levels (integers from 0 to 2^bits - 1), rounded to nearest, halves up, or truncated.

    Source: MatQuant, arXiv 2502.06786, equation 6: clamp(floor(q / 2^(c-r) + 1/2), 0, 2^r - 1), c = bits, r = kept.
    """
    dropped = bits - kept
    half = 0 if truncate or dropped == 0 else 1 << (dropped - 1)
    return ((levels + half) >> dropped).clamp(max=2**kept - 1)


@dataclass(frozen=True, eq=False)
class NestedFormat(AffineFormat):
    """The top bits of an affine parent's codes, under its scales and zero points.

    value = (level x 2^(c-r) - zero point) x scale, where level is what slice_levels keeps of the parent's c bits.
    """

    parent: AffineFormat = field(kw_only=True)
    truncate: bool = False

    def _bits_per_block(self) -> float:
        return self.parent._bits_per_block()

    def quantize(
        self, x: Array, axis: int = -1, rounding: str = "nearest", seed: int = 0, offset: int = 0
    ) -> Quantized:
        """The parent's codes, cut (cut)."""
        return self.cut(self.parent.quantize(x, axis, rounding, seed, offset))

    def cut(self, quantized: Quantized) -> Quantized:
        """What this format serves of a tensor that the parent quantized; scales and zero points stay the parent's."""
        codes, back = as_codes(quantized.codes)
        levels = values_tensor(self.parent.element, codes.device)[codes].long() - int(self.parent.element.min)
        sliced = slice_levels(levels, self.parent.bits, self.bits, self.truncate)
        return replace(quantized, codes=back(self._codes(sliced)))

    def _zero(self, quantized: Quantized, codes: torch.Tensor) -> torch.Tensor:
        """In units of the cut levels, with a fraction."""
        zero = self.parent._zero(quantized, codes) - self.parent.element.min
        return zero / self._ratio + self.element.min

    def _decoded_scales(self, quantized: Quantized, codes: torch.Tensor) -> torch.Tensor:
        return super()._decoded_scales(quantized, codes) * self._ratio

    @property
    def _ratio(self) -> int:
        return 2 ** (self.parent.bits - self.bits)
