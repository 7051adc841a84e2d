"""Value tables from a few facts: floats of any split, integers, powers of two."""

from __future__ import annotations

from typing import Literal

import numpy as np

from analysis.formats.format import Format

Specials = Literal["none", "nan", "ieee"]


def minifloat(
    name: str, exponent: int, mantissa: int, bias: int, specials: Specials, source: str, title: str
) -> Format:
    """A signed float format of 1 + exponent + mantissa bits with subnormals.

    specials: "none", every code is a number; "nan", the all-ones code of each sign is NaN; "ieee", the all-ones
    exponent holds infinity (mantissa 0) and NaN.
    """
    codes = np.arange(2 ** (exponent + mantissa))
    field, fraction = codes >> mantissa, (codes & (2**mantissa - 1)) / 2**mantissa
    magnitudes = np.where(
        field == 0, np.ldexp(fraction, 1 - bias), np.ldexp(1 + fraction, np.maximum(field, 1) - bias)
    ).astype(np.float64)
    top = codes[-1]
    first_special = {"none": top + 1, "nan": top, "ieee": (2**exponent - 1) << mantissa}[specials]
    largest = magnitudes[first_special - 1]
    step = np.ldexp(1.0, int(np.floor(np.log2(largest))) - mantissa)
    magnitudes[first_special:] = np.nan
    if specials == "ieee":
        magnitudes[first_special] = np.inf
    sign = 1 << (exponent + mantissa)
    quiet_nan = {"none": None, "nan": top, "ieee": first_special + 2 ** (mantissa - 1)}[specials]
    return Format(
        name=name,
        bits=1 + exponent + mantissa,
        values=_frozen(np.concatenate([magnitudes, -magnitudes])),
        source=source,
        fields=(("sign", 1), ("exponent", exponent), ("mantissa", mantissa)),
        # A format without NaN turns one into zero, with the opposite sign, as the usual casts do.
        nan=(int(sign), 0) if quiet_nan is None else (int(quiet_nan), int(quiet_nan + sign)),
        next_value=None if specials == "none" else float(largest + step),
        title=title,
    )


def integer(name: str, bits: int, source: str, title: str, step: float = 1.0) -> Format:
    """A two's complement integer times `step`; saturates, NaN becomes 0, one zero."""
    codes = np.arange(2**bits)
    values = np.where(codes < 2 ** (bits - 1), codes, codes - 2**bits) * step
    return Format(name, bits, _frozen(values), source, (("two's complement", bits),), title=title)


def power_of_two(name: str, bits: int, bias: int, source: str, title: str) -> Format:
    """An unsigned exponent: 2**(code - bias), the all-ones code NaN; no sign, no zero; ties go up."""
    codes = np.arange(2**bits)
    values = np.ldexp(1.0, codes - bias)
    top, not_a_number = values[-1], int(codes[-1])
    values[-1] = np.nan
    return Format(
        name,
        bits,
        _frozen(values),
        source,
        (("exponent", bits),),
        nan=(not_a_number, not_a_number),
        next_value=float(top),
        ties="away",
        title=title,
    )


def _frozen(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    values.setflags(write=False)
    return values
