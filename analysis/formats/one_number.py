"""Compiled code for the result of one number; importing this loads numba.

Places are unsigned, because signed ones cost a test for negative places. An argument that is None leaves its part of
the code out when it is compiled.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from analysis.formats.by_addition import INFINITY, MAGNITUDE, MANTISSA

SIGN = np.int32(31)
place = np.uintp


def compiled(function):
    """The function as machine code, kept on disk where there is a place for it."""
    try:
        return njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # neither this folder nor the user's cache can be written to
        return njit(nogil=True, error_model="numpy")(function)


@compiled
def look_up(bits, steps):
    """The result of one number, given as its bit pattern (int32)."""
    bucket = place(np.uint32(bits) >> steps.shift)
    return steps.results[bucket + bucket + place(bits > steps.bounds[bucket])]


@compiled
def _sum(magnitude, rounding):
    """What analysis.formats.by_addition.Rounding.sum says of one magnitude; without branches, so that several go at
    once.
    """
    clipped = np.int32(min(magnitude, rounding.top))
    exponent = np.int32(max(np.int32(clipped >> MANTISSA), rounding.lowest))
    raised = np.int32(np.int32(exponent + MANTISSA) - rounding.mantissa)
    added = np.int32(raised << MANTISSA).view(np.float32)
    return clipped.view(np.float32) + added, added, exponent


@compiled
def _added_code(bits, codes):
    magnitude, rounding = np.int32(bits & MAGNITUDE), codes.rounding
    total, added, exponent = _sum(magnitude, rounding)
    binades = np.int32(exponent - rounding.lowest)
    above = np.int32(np.float32(total).view(np.int32) - np.float32(added).view(np.int32))
    code = np.int32(above + np.int32(binades << rounding.mantissa))
    code = codes.beyond if magnitude > codes.limit else code
    code = codes.nan if magnitude > INFINITY else code
    negative = np.int32(bits >> SIGN)
    code = np.int32(np.int32(code ^ np.int32(negative & codes.flip)) + np.int32(negative & codes.add))
    return np.uint8(code & codes.mask)


@compiled
def _added_value(bits, values):
    magnitude = np.int32(bits & MAGNITUDE)
    total, added, _ = _sum(magnitude, values.rounding)
    value = np.float32(total - added).view(np.int32)
    value = values.nan if magnitude > INFINITY else value
    return np.float32(np.int32(value ^ np.int32(bits & ~MAGNITUDE)).view(np.float32) + values.zero)


@compiled
def result(bits, steps, codes, values):
    """The result of one number, given as its bit pattern (int32), by addition where that is not None.

    codes and values are those of the steps, named once more because only arguments leave code out.
    """
    if codes is not None:
        return _added_code(bits, codes)
    if values is not None:
        return _added_value(bits, values)
    return look_up(bits, steps)
