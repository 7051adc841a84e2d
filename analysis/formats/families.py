"""The three groups of training formats: fixed-point and integer, floating-point, custom."""

from __future__ import annotations

from typing import Any

import numpy as np

INTEGER, FLOATING, CUSTOM = "fixed-point and integer", "floating-point", "custom"
FAMILIES = (INTEGER, FLOATING, CUSTOM)
SHARED_BITS = 8  # a scale as narrow as this belongs to the format; a wider one is a factor beside it


def family(fmt: Any) -> str:
    """The group of a format, one of FAMILIES.

    Blocks whose scale is a narrow format of its own are custom, as microscaling is; otherwise evenly spaced elements
    are integers, elements with exponent and mantissa are floats, and the rest is custom: codebooks, powers of two,
    posits. Groups: the low-precision training survey, arXiv 2505.01043; which format is in which: its list of papers.
    """
    element = getattr(fmt, "element", fmt)
    scale, block = getattr(fmt, "scale", None), getattr(fmt, "block_size", None)
    if scale is not None and scale.bits <= SHARED_BITS and not isinstance(block, str):
        return CUSTOM
    steps = np.diff(element.finite)
    if len(steps) > 1 and np.allclose(steps, steps[0]):
        return INTEGER
    named = {name for name, _ in element.fields}
    return FLOATING if {"exponent", "mantissa"} <= named else CUSTOM
