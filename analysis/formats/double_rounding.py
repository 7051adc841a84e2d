"""Rounding twice: what it costs to reach a narrow format through a wider one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.formats.arrays import as_codes, as_tensor
from analysis.formats.error import Errors, measure
from analysis.formats.format import Format

if TYPE_CHECKING:
    from analysis.formats.arrays import Array


@dataclass(frozen=True)
class DoubleRounding:
    """changed: the share of elements whose code differs; direct, twice: the errors of either way."""

    changed: float
    direct: Errors
    twice: Errors


def double_rounding(x: Array, through: Format, fmt: Format) -> DoubleRounding:
    """`x` rounded to `fmt` at once and by way of `through` (fp32 -> bf16 -> e4m3), to nearest, saturating.

    A value next to the middle of two neighbours lands on it in the first rounding, and the second one no longer knows
    on which side it lay.
    """
    tensor = as_tensor(x)[0]
    first = through.decode(through.encode(tensor, saturate=True))
    direct, twice = fmt.encode(tensor, saturate=True), fmt.encode(first, saturate=True)
    changed = float((as_codes(direct)[0] != as_codes(twice)[0]).double().mean())
    return DoubleRounding(changed, measure(tensor, fmt.decode(direct)), measure(tensor, fmt.decode(twice)))
