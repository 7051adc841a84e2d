"""Compiled loops over tensors; importing this loads numba. Every loop releases the interpreter's lock.

The arithmetic is that of the generic path, operation by operation, in float32. What holds for one_number.py holds here.
"""

from __future__ import annotations

import numpy as np

from analysis.formats.by_addition import INFINITY, MAGNITUDE
from analysis.formats.one_number import compiled, look_up, place, result

ONE = np.float32(1)
NAN = np.float32(np.nan)
LARGEST = np.finfo(np.float32).max
TILE = 2048  # elements worked on at a time, at least one block: what is between steps stays in the nearest cache


@compiled
def _read(bits, first, last):
    """All bits of the elements: their loads, with nothing between them, wait for memory together."""
    seen = np.int32(0)
    for i in range(first, last):
        seen = np.int32(seen | bits[i])
    return seen


@compiled
def apply(bits, steps, out):
    """out[i]: the result of the number whose pattern is bits[i].

    Each tile is read before the work on it begins. Returns all bits that were read, so that no compiler leaves it out.
    """
    seen, count = np.int32(0), place(bits.size)
    for first in range(place(0), count, place(TILE)):
        last = min(first + place(TILE), count)
        seen = np.int32(seen | _read(bits, first, last))
        for i in range(first, last):
            out[i] = result(bits[i], steps, steps.codes, steps.values)
    return seen


@compiled
def largest_finite(bits):
    """The pattern of the largest finite magnitude; 0 without any."""
    top = np.int32(0)
    for i in range(place(bits.size)):
        magnitude = np.int32(bits[i] & MAGNITUDE)
        top = max(top, magnitude if magnitude < INFINITY else np.int32(0))
    return top


@compiled
def _set_tops(bits, first, size, tops):
    """The pattern of the largest magnitude of each block from element `first` on, a NaN or infinity included."""
    for block in range(place(tops.size)):
        start, top = first + block * size, np.int32(0)
        for i in range(size):
            top = max(top, np.int32(bits[start + i] & MAGNITUDE))
        tops[block] = top


@compiled
def _set_scales(tops, rule, steps, values, scale_codes, scales):
    """The code and the value of each block's scale; NaN where the largest magnitude is not finite."""
    over, times, choice = rule
    for block in range(place(tops.size)):
        top = tops[block]
        wanted = np.float32(np.int32(top).view(np.float32) / over * times * choice if top < INFINITY else NAN)
        if steps is None:
            scale_codes[block] = scales[block] = wanted
        else:
            code = look_up(wanted.view(np.int32), steps)
            scale_codes[block], scales[block] = code, values[place(code)]


@compiled
def _scale_down(x, first, size, scales, factor, times, out):
    """Blocks from element `first` on in units of their scales, zeros where a scale is zero or NaN.

    Under a tensor's factor: times the capped reciprocals, which `times` has room for, and zeros where a scale is not
    finite.
    """
    blocks = place(scales.size)
    if factor is not None:
        for block in range(blocks):
            times[block] = min(ONE / (scales[block] / factor), LARGEST)
    for block in range(blocks):
        start, own, scale, by = first + block * size, block * size, scales[block], times[block]
        if factor is None:
            for i in range(size):
                out[own + i] = x[start + i] / scale
        else:
            for i in range(size):
                out[own + i] = x[start + i] * by
    for block in range(blocks):
        if not (scales[block] > 0 if factor is None else np.isfinite(scales[block])):
            out[block * size : (block + 1) * size] = 0


@compiled
def _set_results(patterns, size, element, scales, tensor_scale, out, first):
    """The element codes of blocks, or with a tensor_scale their values, from element `first` of `out` on."""
    for block in range(place(scales.size)):
        start, own, scale = first + block * size, block * size, scales[block]
        for i in range(size):
            found = result(patterns[own + i], element, element.codes, element.values)
            if tensor_scale is None:
                out[start + i] = found
            else:
                out[start + i] = found * scale * tensor_scale


@compiled
def quantize(x, size, first, last, scaling, factor, element, tensor_scale, out, scale_codes):
    """Scale codes and element codes of blocks first to last, each of `size` elements.

    With a tensor_scale, values instead of codes: element x block scale x tensor_scale, the element's values being
    the results of its steps. scaling: rule, steps and values of the scale. factor: the tensor's, while encoding.
    A tile of blocks goes through each step together, since a scale alone waits for its memory.
    """
    rule, steps, values = scaling
    bits, size, last = x.view(np.int32), place(size), place(last)
    blocks = max(place(TILE) // size, place(1))
    scaled, tops = np.empty(blocks * size, np.float32), np.empty(blocks, np.int32)
    scales, times = np.empty(blocks, np.float32), np.empty(blocks, np.float32)
    for tile in range(place(first), last, blocks):
        count = min(blocks, last - tile)
        start, own = tile * size, scales[:count]
        _set_tops(bits, start, size, tops[:count])
        _set_scales(tops[:count], rule, steps, values, scale_codes[tile : tile + count], own)
        _scale_down(x, start, size, own, factor, times, scaled)
        _set_results(scaled.view(np.int32), size, element, own, tensor_scale, out, start)
