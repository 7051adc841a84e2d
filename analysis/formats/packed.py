"""Packed MXFP4 and NVFP4 tensors under the names and layouts of today's quantization tools, read and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.formats.arrays import as_codes, as_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.format import Quantized
from analysis.formats.packing import pack, unpack
from analysis.formats.table import FORMATS

if TYPE_CHECKING:
    import torch

COMPRESSED_TENSORS = "vllm-project/compressed-tensors, compressors nvfp4 and mxfp4"
MODELOPT = "NVIDIA/Model-Optimizer, quantization/qtensor/nvfp4_tensor.py"
GPT_OSS = "openai/gpt-oss, torch/weights.py; transformers, integrations/mxfp4.py"
BYTES, E4M3, E8M0 = "U8", "F8_E4M3", "F8_E8M0"


@dataclass(frozen=True)
class Layout:
    """How a tool stores one tensor: the suffixes of its parts behind a common name, `result` that of the tensor.

    divides: the tensor's scale is kept as what block scales are divided by. blocked: the codes have an axis of blocks.
    Two codes a byte, the even one in the low half; scale_types are those of the header that block scales may have.
    """

    tool: str
    format: str
    codes: str
    scales: str
    tensor_scale: str | None
    result: str
    scale_types: tuple[str, ...]
    source: str
    divides: bool = False
    blocked: bool = False

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Of every part that is there, codes first."""
        return tuple(suffix for suffix in (self.codes, self.scales, self.tensor_scale) if suffix is not None)

    @property
    def fmt(self) -> BlockFormat:
        found = FORMATS[self.format]
        assert isinstance(found, BlockFormat)
        return found

    @property
    def block(self) -> int:
        assert isinstance(self.fmt.block_size, int)
        return self.fmt.block_size


_PACKED, _SCALE, _WEIGHT = ".weight_packed", ".weight_scale", ".weight"
# A layout whose parts are all there comes before one that needs fewer of them.
LAYOUTS = (
    Layout(
        *("compressed-tensors", "nvfp4", _PACKED, _SCALE, ".weight_global_scale", _WEIGHT, (E4M3,)),
        COMPRESSED_TENSORS,
        divides=True,
    ),
    Layout(*("compressed-tensors", "mxfp4", _PACKED, _SCALE, None, _WEIGHT, (BYTES, E8M0)), COMPRESSED_TENSORS),
    Layout(*("modelopt", "nvfp4", _WEIGHT, _SCALE, ".weight_scale_2", _WEIGHT, (E4M3,)), MODELOPT),
    Layout(*("gpt-oss", "mxfp4", "_blocks", "_scales", None, "", (BYTES,)), GPT_OSS, blocked=True),
    Layout(*("gpt-oss", "mxfp4", ".blocks", ".scales", None, "", (BYTES,)), GPT_OSS, blocked=True),
)
TOOLS = tuple(dict.fromkeys(layout.tool for layout in LAYOUTS))


@dataclass(frozen=True)
class Packed:
    """A packed tensor among stored ones: its layout, the names of its parts by suffix, the shape it decodes to.

    problem: a sentence where the parts do not fit together, else empty.
    """

    layout: Layout
    parts: dict[str, str]
    shape: tuple[int, ...]
    problem: str = ""


def find_packed(stored: Mapping[str, tuple[str, tuple[int, ...]]]) -> dict[str, Packed]:
    """The packed tensors among stored ones (name -> header type and shape), by the name they decode to."""
    found: dict[str, Packed] = {}
    taken: set[str] = set()
    for layout in LAYOUTS:
        for name, (dtype, _) in stored.items():
            base = name.removesuffix(layout.codes)
            parts = {suffix: base + suffix for suffix in layout.suffixes}
            if not name.endswith(layout.codes) or dtype != BYTES or name in taken:
                continue
            if all(part in stored for part in parts.values()):
                taken |= set(parts.values())
                found[base + layout.result] = _fitted(layout, parts, stored)
    return found


def _fitted(layout: Layout, parts: dict[str, str], stored: Mapping[str, tuple[str, tuple[int, ...]]]) -> Packed:
    _, codes = stored[parts[layout.codes]]
    kind, scales = stored[parts[layout.scales]]
    if layout.blocked:
        fits = len(codes) >= 2 and codes[-1] * 2 == layout.block and scales == codes[:-1]
        shape = (*codes[:-2], codes[-2] * layout.block) if fits else codes
    else:
        fits = len(codes) >= 1 and scales == (*codes[:-1], codes[-1] * 2 // layout.block)
        fits &= bool(codes) and codes[-1] * 2 % layout.block == 0
        shape = (*codes[:-1], codes[-1] * 2) if fits else codes
    words = f"{parts[layout.codes]} of shape {list(codes)}"
    problem = ""
    if not fits:
        problem = f"{words} and {parts[layout.scales]} of shape {list(scales)} do not fit blocks of {layout.block}"
    elif kind not in layout.scale_types:
        problem = f"{parts[layout.scales]} has the type {kind}; {layout.format} scales are {layout.scale_types[0]}"
    elif layout.tensor_scale and np.prod(stored[parts[layout.tensor_scale]][1], dtype=object) != 1:
        problem = f"{parts[layout.tensor_scale]} holds several numbers; one scale a tensor can be read"
    return Packed(layout, parts, shape, problem)


def unpacked(layout: Layout, parts: Mapping[str, Any]) -> Quantized:
    """The codes and scales in the parts of a packed tensor, by suffix: tensors as stored, whole or some of its rows.

    Raises ValueError for a tensor scale that is not a finite number above 0 (0 is legal where it multiplies).
    """
    import torch

    stored = torch.as_tensor(parts[layout.codes]).contiguous().numpy()
    rows = stored.reshape(*stored.shape[:-2], -1) if layout.blocked else stored
    codes = torch.from_numpy(unpack(rows, 4, rows.shape[-1] * 2))
    scales = torch.as_tensor(parts[layout.scales]).contiguous().view(torch.uint8)
    if layout.tensor_scale is None:
        return Quantized(codes, scales)
    number = float(torch.as_tensor(parts[layout.tensor_scale]).double().reshape(-1)[0])
    if not np.isfinite(number) or number < 0 or (layout.divides and number == 0):
        raise ValueError(f"{layout.tensor_scale.lstrip('.')} is {number}, not a finite number above 0; export it again")
    # In float64, so that the reciprocal of a reciprocal is the number itself.
    return Quantized(codes, scales, torch.tensor(1 / number if layout.divides else number, dtype=torch.float64))


def packed_parts(layout: Layout, quantized: Quantized) -> dict[str, torch.Tensor]:
    """The parts that a tool stores for a tensor quantized along its last axis, by suffix.

    Raises ValueError for rows that are no whole number of blocks.
    """
    import torch

    codes = as_codes(quantized.codes)[0].numpy().astype(np.uint8)
    if codes.ndim == 0 or codes.shape[-1] % layout.block or quantized.axis not in (-1, codes.ndim - 1):
        raise ValueError(
            f"a tensor of shape {list(codes.shape)} has no whole blocks of {layout.block} along its last axis; "
            "pad its rows with zeros"
        )
    rows = torch.from_numpy(pack(codes, 4))
    scales = as_codes(quantized.scales)[0].to(torch.uint8)
    if layout.blocked:
        rows = rows.unflatten(-1, (-1, layout.block // 2))
    parts = {
        layout.codes: rows.contiguous(),
        layout.scales: (scales.view(torch.float8_e4m3fn) if layout.scale_types[0] == E4M3 else scales).contiguous(),
    }
    if layout.tensor_scale is not None:
        number = float(as_tensor(quantized.tensor_scale)[0])
        kept = (1 / number if number else 1.0) if layout.divides else number
        shape = (1,) if layout.divides else ()
        parts[layout.tensor_scale] = torch.tensor(kept, dtype=torch.float32).reshape(shape)
    return parts


def get_layout(tool: str, fmt: str) -> Layout:
    """The layout in which a tool stores a format; raises ValueError with those there are."""
    for layout in LAYOUTS:
        if (layout.tool, layout.format) == (tool, fmt):
            return layout
    known = ", ".join(sorted({f"{layout.tool} for {layout.format}" for layout in LAYOUTS}))
    raise ValueError(f"no layout of {tool} holds {fmt}; there are {known}")
