"""The casts of ml_dtypes and numpy, with the documented differences put in our terms; used by tests and exhaustive."""

from collections.abc import Callable
from dataclasses import dataclass

import ml_dtypes
import numpy as np

from analysis.formats.elements import ELEMENTS

CASTS = {
    "e2m1": ml_dtypes.float4_e2m1fn,
    "e2m3": ml_dtypes.float6_e2m3fn,
    "e3m2": ml_dtypes.float6_e3m2fn,
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "e4m3b11fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "e4m3ieee": ml_dtypes.float8_e4m3,
    "e3m4": ml_dtypes.float8_e3m4,
    "e8m0": ml_dtypes.float8_e8m0fnu,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
}
INTEGERS = {"int2": ml_dtypes.int2, "int4": ml_dtypes.int4, "int8": np.int8}


@dataclass(frozen=True)
class Difference:
    """Inputs that a cast takes elsewhere on purpose: words for them, which ones, their codes there and ours."""

    words: str
    applies: Callable[[np.ndarray], np.ndarray]
    theirs: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ours: Callable[[np.ndarray], np.ndarray]


DIFFERENCES = {
    "fp16": Difference(
        "numpy keeps the payload of a NaN; every other cast, and ours, gives one NaN a sign",
        np.isnan,
        lambda x, codes: (codes & 0x7FFF) > 0x7C00,
        lambda x: np.where(np.signbit(x), 0xFE00, 0x7E00),
    ),
    "e8m0": Difference(
        "numbers just above 2^-127 go up to 2^-126 there, to the nearest value here",
        lambda x: (x > 2.0**-127) & (x < 1.5 * 2.0**-127),
        lambda x, codes: codes == 1,
        lambda x: np.zeros(x.shape, np.uint8),
    ),
}


def codes_of(x, name):
    """The codes of float32 values, those of a documented difference replaced by ours."""
    codes = x.astype(CASTS[name]).view(np.uint16 if ELEMENTS[name].bits > 8 else np.uint8)
    if name in DIFFERENCES:
        known = DIFFERENCES[name]
        where = known.applies(x)
        assert known.theirs(x[where], codes[where]).all(), f"{name} no longer differs as documented: {known.words}"
        codes[where] = known.ours(x[where])
    return codes


def require_equal(found, expected, x):
    """Raises AssertionError that counts the different codes and names the first."""
    different = np.flatnonzero(found != expected)
    assert different.size == 0, f"{different.size} codes differ, first {x[different[0]]!r}: " + (
        f"{found[different[0]]} instead of {expected[different[0]]}"
    )
