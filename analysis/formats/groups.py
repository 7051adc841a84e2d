"""Block formats by name: int5_g64_zp, e3m2_row, e2m1_g32_e8m0 … without a row in the table."""

from __future__ import annotations

import re
from functools import lru_cache

from analysis.formats.affine import AffineFormat
from analysis.formats.block import BlockFormat
from analysis.formats.blocking import BlockSize
from analysis.formats.elements import ELEMENTS, get_element
from analysis.formats.format import Format

LARGEST = 65536
# By their names in a format's name; a shared exponent follows the rule of MX, other scales the largest magnitude.
_RULES = {"e8m0": "floor", "e4m3": "amax", "ue4m3": "amax", "ue5m3": "amax", "bf16": "amax", "fp16": "amax"}
_WHOLE: dict[str, BlockSize] = {"row": "row", "tensor": "tensor"}
_WORDS: dict[BlockSize, str] = {"row": "a scale a row", "tensor": "one scale"}
_NAME = re.compile(rf"(\w+?)_(row|tensor|g\d+)(?:_({'|'.join(_RULES)}|fp32))?(_zp)?")


@lru_cache(maxsize=1024)
def named_groups(name: str) -> BlockFormat | None:
    """The block format that a name spells, ELEMENT_BLOCKS[_SCALE][_zp]; None for any other name.

    BLOCKS is gSIZE, groups along the axis, row (each vector along it) or tensor. SCALE is e8m0, by the floor rule of
    MX, or e4m3, ue4m3, ue5m3, bf16, fp16 or fp32, which bring the largest magnitude to the element's maximum; unsaid,
    fp16 for groups, fp32 for rows and the tensor. _zp gives integers a zero point as well. Raises ValueError for a
    size or an element that cannot be.
    """
    match = _NAME.fullmatch(name)
    element = match and get_element(match[1])
    if not (match and element):
        return None
    if match[2] in _WHOLE:
        return scaled(element, _WHOLE[match[2]], match[3] or "fp32", bool(match[4]))
    size = int(match[2][1:])
    if not 2 <= size <= LARGEST:
        raise ValueError(f"'{name}' has groups of {size}; a group has 2 to {LARGEST} elements, such as int4_g128")
    return scaled(element, size, match[3] or "fp16", bool(match[4]))


def per_tensor(element: Format) -> BlockFormat:
    """The element with one float32 scale that brings the tensor's largest magnitude to the element's maximum."""
    return scaled(element, "tensor", "fp32")


def scaled(element: Format, size: BlockSize, scale: str, zero_points: bool = False) -> BlockFormat:
    """The element in groups of `size`, "row" or "tensor", named as named_groups reads it."""
    blocks = f"g{size}" if isinstance(size, int) else size
    usual = "fp16" if isinstance(size, int) else "fp32"
    name = f"{element.name}_{blocks}{'' if scale == usual else f'_{scale}'}{'_zp' if zero_points else ''}"
    if not element.signed:
        raise ValueError(f"'{name}': {element.name} is a scale format without sign; choose an element such as e2m1")
    if zero_points and (element.fields[0][0] != "two's complement" or scale == "e8m0"):
        raise ValueError(f"'{name}': zero points go with integers and scales with a mantissa, such as int4_{blocks}_zp")
    words = f"groups of {size}" if isinstance(size, int) else _WORDS[size]
    rest = "" if scale == usual else f", scale {scale.upper()}"
    title = f"{element.title}{' with zero points' if zero_points else ''}, {words}{rest}"
    kind, rule = (AffineFormat, "affine") if zero_points else (BlockFormat, _RULES.get(scale, "amax"))
    return kind(name, element, size, ELEMENTS.get(scale), rule, element.source, title=title)
