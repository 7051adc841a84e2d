"""Compiled loops over step tables; importing this loads numba. Every loop releases the interpreter's lock.

The arithmetic is that of the generic path, operation by operation, in float32. Places are unsigned, because signed
ones cost a test for negative places. An argument that is None leaves its part of a loop out when it is compiled.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MAGNITUDE = np.int32(0x7FFFFFFF)
INFINITY = np.int32(0x7F800000)
ONE = np.float32(1)
NAN = np.float32(np.nan)
LARGEST = np.finfo(np.float32).max
TILE = 512  # elements worked on at a time, at least one block: what is between steps stays in a near cache
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
def apply(bits, steps, out):
    """out[i]: the result of the number whose pattern is bits[i]."""
    for i in range(place(bits.size)):
        out[i] = look_up(bits[i], steps)


@compiled
def largest_finite(bits):
    """The pattern of the largest finite magnitude; 0 without any."""
    top = np.int32(0)
    for i in range(place(bits.size)):
        magnitude = np.int32(bits[i] & MAGNITUDE)
        top = max(top, magnitude if magnitude < INFINITY else np.int32(0))
    return top


@compiled
def _wanted(top, rule):
    """A block's scale before it is rounded; NaN where its largest magnitude is not finite."""
    over, times, choice = rule
    return np.int32(top).view(np.float32) / over * times * choice if top < INFINITY else NAN


@compiled
def _code(wanted, steps):
    return wanted if steps is None else look_up(np.float32(wanted).view(np.int32), steps)


@compiled
def _scale(code, values):
    return code if values is None else values[place(code)]


@compiled
def _set_tops(bits, first, size, tops):
    """The pattern of the largest magnitude of each block from element `first` on, a NaN or infinity included."""
    for block in range(place(tops.size)):
        start, top = first + block * size, np.int32(0)
        for i in range(size):
            top = max(top, np.int32(bits[start + i] & MAGNITUDE))
        tops[block] = top


@compiled
def quantize(x, size, first, last, scaling, factor, element, tensor_scale, out, scale_codes):
    """Scale codes and element codes of blocks first to last, each of `size` elements.

    With a tensor_scale, values instead of codes: element x block scale x tensor_scale, the element's values being
    the results of its steps. scaling: rule, steps and values of the scale. factor: the tensor's, while encoding.
    A tile of blocks goes through each step together, since a scale alone waits for its memory.
    """
    rule, steps, values = scaling
    bits, scaled = x.view(np.int32), np.empty(max(TILE, size), np.float32)
    patterns, size, last = scaled.view(np.int32), place(size), place(last)
    blocks = max(place(TILE) // size, place(1))
    tops, scales = np.empty(blocks, np.int32), np.empty(blocks, np.float32)
    for tile in range(place(first), last, blocks):
        count = min(blocks, last - tile)
        _set_tops(bits, tile * size, size, tops[:count])
        for block in range(count):
            code = _code(_wanted(tops[block], rule), steps)
            scale_codes[tile + block] = code
            scales[block] = _scale(code, values)
        for block in range(count):
            scale = scales[block]
            start = (tile + block) * size
            if factor is None:
                for i in range(size):
                    scaled[i] = x[start + i] / scale
                holds = scale > 0
            else:
                times = min(ONE / (scale / factor), LARGEST)
                for i in range(size):
                    scaled[i] = x[start + i] * times
                holds = np.isfinite(scale)
            if not holds:
                scaled[:size] = 0
            for i in range(size):
                if tensor_scale is None:
                    out[start + i] = look_up(patterns[i], element)
                else:
                    out[start + i] = look_up(patterns[i], element) * scale * tensor_scale
