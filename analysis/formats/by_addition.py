"""Rounding to floats and integers by one addition instead of a table, for the compiled path.

Adding 2^(e + 23 - m) to a magnitude in [2^e, 2^(e + 1)) leaves its m upper mantissa bits at the lower end of the sum,
rounded to nearest-even by the addition itself. A format's facts only propose such a rounding; it is used where it is
proved to have the steps of the format's table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.formats.grid import decision_points, finite_values
from analysis.formats.steps import Steps, has_steps_of

if TYPE_CHECKING:
    from analysis.formats.format import Format

MAGNITUDE, INFINITY, MANTISSA = np.int32(0x7FFFFFFF), np.int32(0x7F800000), np.int32(23)  # of a float32
BIAS, LARGEST_EXPONENT = 127, 254
WIDEST = 8  # bits of a format


class Rounding(NamedTuple):
    """All int32. lowest: the biased exponent of float32 below which steps shrink no more. mantissa: m bits are kept.
    top: the pattern that magnitudes are clipped to.
    """

    lowest: np.int32
    mantissa: np.int32
    top: np.int32

    def sum(self, magnitudes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The sums of float32 magnitudes, given as patterns, what was added, and the biased exponents."""
        exponent = np.maximum(magnitudes >> MANTISSA, self.lowest)
        added = (exponent + MANTISSA - self.mantissa) << MANTISSA
        return magnitudes.view(np.float32) + added.view(np.float32), added.view(np.float32), exponent


class CodesByAddition(NamedTuple):
    """limit: the pattern of the largest magnitude that is not beyond the format; beyond, nan: the codes of what is,
    and of NaN. flip, add, mask: the code c of a negative number is ((c ^ flip) + add) & mask. All int32.
    """

    rounding: Rounding
    limit: np.int32
    beyond: np.int32
    nan: np.int32
    flip: np.int32
    add: np.int32
    mask: np.int32

    def of(self, x: np.ndarray) -> np.ndarray:
        """The codes of float32 numbers: what compiled code computes, in numpy."""
        bits = x.view(np.int32)
        magnitudes = bits & MAGNITUDE
        total, added, exponent = self.rounding.sum(np.minimum(magnitudes, self.rounding.top))
        codes = total.view(np.int32) - added.view(np.int32)
        codes += (exponent - self.rounding.lowest) << self.rounding.mantissa
        codes = np.where(magnitudes > self.limit, self.beyond, codes)
        codes = np.where(magnitudes > INFINITY, self.nan, codes)
        negative = bits >> 31
        return ((codes ^ (negative & self.flip)) + (negative & self.add) & self.mask).astype(np.uint8)


class ValuesByAddition(NamedTuple):
    """nan: the pattern of the value of NaN, int32. zero: what is added last, -0 where a format has one, else 0."""

    rounding: Rounding
    nan: np.int32
    zero: np.float32

    def of(self, x: np.ndarray) -> np.ndarray:
        """The values of float32 numbers: what compiled code computes, in numpy."""
        bits = x.view(np.int32)
        magnitudes = bits & MAGNITUDE
        total, added, _ = self.rounding.sum(np.minimum(magnitudes, self.rounding.top))
        values = np.where(magnitudes > INFINITY, self.nan, (total - added).view(np.int32))
        return (values ^ (bits & ~MAGNITUDE)).view(np.float32) + self.zero


def codes_by_addition(fmt: Format, saturate: bool, reach: float, steps: Steps) -> Steps:
    """The table of a format's nearest codes (numbers clipped to ±reach first), with the rounding that equals it."""
    rounding = _rounding(fmt, reach)
    if rounding is None:
        return steps
    ends = saturate or fmt.next_value is None or np.isfinite(reach)
    limit = np.inf if ends else decision_points(fmt, *finite_values(fmt), np.float32)[-1]
    beyond = int(steps.of(np.array([np.inf], np.float32))[0])
    flip, add = (0, 2 ** (fmt.bits - 1)) if dict(fmt.fields).get("sign") else (-1, 1)
    facts = (_pattern(limit), *map(np.int32, (beyond, fmt.nan[0], flip, add, 2**fmt.bits - 1)))
    codes = CodesByAddition(rounding, *facts)
    return steps._replace(codes=codes) if _proved(codes.of, steps) else steps


def values_by_addition(fmt: Format, reach: float, steps: Steps) -> Steps:
    """The table of a format's nearest values (numbers clipped to ±reach first), with the rounding that equals it."""
    rounding = _rounding(fmt, reach)
    if rounding is None:
        return steps._replace(codes=None)
    zero = np.float32(0.0 if fmt.negative_zero is None else -0.0)
    values = ValuesByAddition(rounding, _pattern(fmt.values[fmt.nan[0]]), zero)
    return steps._replace(codes=None, values=values if _proved(values.of, steps) else None)


def _rounding(fmt: Format, reach: float) -> Rounding | None:
    """What a format's facts propose; None where its steps cannot be those of a float or an integer."""
    kept = dict(fmt.fields).get("mantissa", fmt.bits - 1)
    smallest = fmt.finite[fmt.finite > 0][:1]
    if not fmt.signed or fmt.bits > WIDEST or np.frexp(smallest)[0] != 0.5:
        return None
    top = _pattern(min(fmt.largest, reach))
    lowest = int(np.log2(smallest[0])) + kept + BIAS
    if max(lowest, top >> MANTISSA) + MANTISSA - kept > LARGEST_EXPONENT or lowest < 1:
        return None
    return Rounding(np.int32(lowest), np.int32(kept), top)


def _pattern(value: float) -> np.int32:
    return np.float32(value).view(np.int32)


def _proved(function: Callable[[np.ndarray], np.ndarray], steps: Steps) -> bool:
    with np.errstate(invalid="ignore"):
        return has_steps_of(function, steps)
