"""Float formats by name: e3m0, e4m3b11fnuz, ue5m3 … without a row in the table."""

from __future__ import annotations

import re
from functools import lru_cache

from analysis.formats.format import Format
from analysis.formats.minifloat import Specials, minifloat

FEWEST, MOST = 3, 8
_NAME = re.compile(r"(u?)e(\d{1,2})m(\d{1,2})(?:b(-?\d{1,3}))?(fnuz|fn|ieee|sat)?")
_SPECIALS: dict[str, Specials] = {"fnuz": "fnuz", "fn": "nan", "ieee": "ieee", "sat": "none"}
_WORDS = {"none": "no infinity or NaN", "nan": "NaN only", "ieee": "IEEE infinity and NaN", "fnuz": "one NaN, one zero"}


@lru_cache(maxsize=1024)
def named_minifloat(name: str) -> Format | None:
    """The float format that a name spells; None for any other name.

    A name is [u]eEmM[bBIAS][fn|fnuz|ieee|sat]: u leaves the sign out; the bias is 2^(E-1) - 1, with fnuz one more.
    fn: the all-ones code is NaN; fnuz: that of -0 is; ieee: the highest exponent holds infinity and NaN; sat: every
    code is a number. Unsaid, 8 signed bits are ieee, fewer are sat, unsigned is fn. Raises ValueError for a width
    other than 3 to 8 bits and for splits that cannot hold their special values.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    signed, exponent, mantissa = not match[1], int(match[2]), int(match[3])
    bits = signed + exponent + mantissa
    if not FEWEST <= bits <= MOST or exponent < 1:
        raise ValueError(
            f"'{name}' has {exponent} exponent bits and {bits} bits in all; a float named by its split has at least "
            f"one exponent bit and {FEWEST} to {MOST} bits, such as e2m1 or e4m3fnuz"
        )
    specials = _SPECIALS[match[5]] if match[5] else _usual(bits, signed)
    if specials == "ieee" and mantissa == 0:
        raise ValueError(
            f"'{name}' has no mantissa bit to tell infinity from NaN; write e{exponent}m0sat or e{exponent}m0fn"
        )
    if specials == "fnuz" and not signed:
        raise ValueError(f"'{name}' has no code of -0 for its NaN; write ue{exponent}m{mantissa}fn")
    bias = int(match[4]) if match[4] else 2 ** (exponent - 1) - 1 + (specials == "fnuz")
    split = f"{'' if signed else 'U'}E{exponent}M{mantissa}"
    source = f"by its name: bias {bias}, {_WORDS[specials]}"
    return minifloat(name, exponent, mantissa, bias, specials, source, f"FP{bits} {split}", signed)


def _usual(bits: int, signed: bool) -> Specials:
    if not signed:
        return "nan"
    return "ieee" if bits == MOST else "none"
