"""Block formats by name: int5_g64_zp, e3m2_row, nf4_tensor … without a row in the table."""

from __future__ import annotations

import re
from functools import lru_cache

from analysis.formats.affine import AffineFormat
from analysis.formats.block import BlockFormat
from analysis.formats.elements import ELEMENTS, get_element
from analysis.formats.format import Format

LARGEST = 65536
_NAME = re.compile(r"(\w+?)_(row|tensor|g\d+)(_zp)?")
_WORDS = {"row": "a scale a row", "tensor": "one scale"}


@lru_cache(maxsize=1024)
def named_groups(name: str) -> BlockFormat | None:
    """The block format that a name spells, ELEMENT_row, ELEMENT_tensor or ELEMENT_gSIZE; None for any other name.

    Groups of SIZE elements along the axis have float16 scales, a row (each vector along the axis) or the tensor one
    in float32; it brings the largest magnitude to the element's maximum. With _zp at the end, integers have a zero
    point as well. Raises ValueError for a size or an element that cannot be.
    """
    match = _NAME.fullmatch(name)
    element = match and get_element(match[1])
    if not (match and element):
        return None
    if match[2] in _WORDS:
        return scaled(element, match[2], bool(match[3]))
    size = int(match[2][1:])
    if not 2 <= size <= LARGEST:
        raise ValueError(f"'{name}' has groups of {size}; a group has 2 to {LARGEST} elements, such as int4_g128")
    return scaled(element, size, bool(match[3]))


def per_tensor(element: Format) -> BlockFormat:
    """The element with one float32 scale that brings the tensor's largest magnitude to the element's maximum."""
    return scaled(element, "tensor")


def scaled(element: Format, size, zero_points: bool = False) -> BlockFormat:
    """The element in groups of `size`, "row" or "tensor", as its name by named_groups says."""
    group = f"g{size}" if isinstance(size, int) else size
    name = f"{element.name}_{group}{'_zp' if zero_points else ''}"
    if not element.signed:
        raise ValueError(f"'{name}': {element.name} is a scale format without sign; choose an element such as e2m1")
    if zero_points and element.fields[0][0] != "two's complement":
        raise ValueError(f"'{name}': zero points go with integers, such as int4{name.removeprefix(element.name)}")
    words = f"groups of {size}" if isinstance(size, int) else _WORDS[size]
    title = f"{element.title}{' with zero points' if zero_points else ''}, {words}"
    scale = ELEMENTS["fp16"] if isinstance(size, int) else None
    kind, rule = (AffineFormat, "affine") if zero_points else (BlockFormat, "amax")
    return kind(name, element, size, scale, rule, element.source, title=title)
