"""Value tables from a few facts: floats of any split, integers, powers of two."""

from __future__ import annotations

from typing import Literal

import numpy as np

from analysis.formats.format import Format, frozen

Specials = Literal["none", "nan", "ieee", "fnuz"]


def minifloat(
    name: str,
    exponent: int,
    mantissa: int,
    bias: int,
    specials: Specials,
    source: str,
    title: str,
    signed: bool = True,
) -> Format:
    """A float format of exponent + mantissa bits and a sign bit if `signed`, with subnormals.

    specials: "none", every code is a number; "nan", the all-ones code of each sign is NaN; "ieee", the all-ones
    exponent holds infinity (mantissa 0) and NaN; "fnuz", the code of -0 is the one NaN.
    """
    magnitudes = _magnitudes(exponent, mantissa, bias)
    top = len(magnitudes) - 1
    infinity = (2**exponent - 1) << mantissa
    first_special = {"none": top + 1, "fnuz": top + 1, "nan": top, "ieee": infinity}[specials]
    largest = magnitudes[first_special - 1]
    # Below the smallest normal the step stays that of the subnormals.
    step = np.ldexp(1.0, max(int(np.floor(np.log2(largest))), 1 - bias) - mantissa)
    magnitudes[first_special:] = np.nan
    if specials == "ieee":
        magnitudes[infinity] = np.inf
    sign = len(magnitudes)
    quiet_nan = {"none": 0, "fnuz": sign, "nan": top, "ieee": infinity + 2**mantissa // 2}[specials]
    values = np.concatenate([magnitudes, -magnitudes]) if signed else magnitudes
    if specials == "fnuz":
        values[sign] = np.nan
    # A format without NaN turns one into zero, with the opposite sign, as the usual casts do.
    nan_of_signs = {"none": (sign, 0), "fnuz": (sign, sign)}.get(specials, (quiet_nan, quiet_nan + sign))
    return Format(
        name=name,
        bits=signed + exponent + mantissa,
        values=frozen(values),
        source=source,
        fields=(("sign", 1),) * signed + (("exponent", exponent), ("mantissa", mantissa)),
        nan=nan_of_signs if signed else (quiet_nan, quiet_nan),
        next_value=None if specials == "none" else float(largest + step),
        title=title,
    )


def _magnitudes(exponent: int, mantissa: int, bias: int) -> np.ndarray:
    """The values of every code without a sign, as if none were special."""
    codes = np.arange(2 ** (exponent + mantissa))
    field, fraction = codes >> mantissa, (codes & (2**mantissa - 1)) / 2**mantissa
    normal = np.ldexp(1 + fraction, np.maximum(field, 1) - bias)
    return np.where(field == 0, np.ldexp(fraction, 1 - bias), normal).astype(np.float64)


def integer(name: str, bits: int, source: str, title: str, step: float = 1.0) -> Format:
    """A two's complement integer times `step`; saturates, NaN becomes 0, one zero.

    Symmetric block scales leave the lowest code out.
    """
    codes = np.arange(2**bits)
    values = np.where(codes < 2 ** (bits - 1), codes, codes - 2**bits) * step
    highest = float(values.max())
    return Format(name, bits, frozen(values), source, (("two's complement", bits),), title=title, scaled_to=highest)


def power_of_two(name: str, bits: int, bias: int, source: str, title: str) -> Format:
    """An unsigned exponent: 2**(code - bias), the all-ones code NaN; no sign, no zero; ties go up."""
    codes = np.arange(2**bits)
    values = np.ldexp(1.0, codes - bias)
    top, not_a_number = values[-1], int(codes[-1])
    values[-1] = np.nan
    return Format(
        name,
        bits,
        frozen(values),
        source,
        (("exponent", bits),),
        nan=(not_a_number, not_a_number),
        next_value=float(top),
        ties="away",
        title=title,
    )
