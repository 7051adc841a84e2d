"""The header of a safetensors file, read and doubted: where every tensor lies, before a byte of it is touched."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

LONGEST_HEADER = 100_000_000  # the limit of the safetensors library
METADATA = "__metadata__"
# Type in the header -> its bits, and the torch type that reads it (None: no type of torch does).
DTYPES: dict[str, tuple[int, str | None]] = {
    "BOOL": (8, "bool"),
    "U8": (8, "uint8"),
    "I8": (8, "int8"),
    "F8_E5M2": (8, "float8_e5m2"),
    "F8_E4M3": (8, "float8_e4m3fn"),
    "F8_E5M2FNUZ": (8, "float8_e5m2fnuz"),
    "F8_E4M3FNUZ": (8, "float8_e4m3fnuz"),
    "F8_E8M0": (8, "float8_e8m0fnu"),
    "I16": (16, "int16"),
    "U16": (16, "uint16"),
    "F16": (16, "float16"),
    "BF16": (16, "bfloat16"),
    "I32": (32, "int32"),
    "U32": (32, "uint32"),
    "F32": (32, "float32"),
    "C64": (64, "complex64"),
    "F64": (64, "float64"),
    "I64": (64, "int64"),
    "U64": (64, "uint64"),
    "F4": (4, None),
    "F6_E2M3": (6, None),
    "F6_E3M2": (6, None),
}


@dataclass(frozen=True)
class Stored:
    """One tensor of a file or of bytes: its type as the header has it, its shape, and where its bytes begin and end."""

    source: Path | bytes
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many values it has."""
        return math.prod(self.shape)

    @property
    def words(self) -> str:
        """Type and shape as people read them: BF16 [4096, 4096]."""
        return f"{self.dtype} [{', '.join(str(n) for n in self.shape)}]"

    def alone(self) -> Stored:
        """The same tensor holding no bytes but its own, where it holds bytes."""
        if not isinstance(self.source, bytes):
            return self
        return replace(self, source=self.source[self.start : self.stop], start=0, stop=self.stop - self.start)

    def values(self, first: int = 0, count: int | None = None) -> torch.Tensor:
        """(count,) of its values from number `first` on, in row order; a file is mapped only where they lie.

        Raises ValueError for a type that torch has not.
        """
        import torch

        bits, name = DTYPES[self.dtype]
        if name is None:
            raise ValueError(f"values of type {self.dtype} cannot be read; save them as U8 codes or as BF16")
        width = bits // 8
        length = (self.size - first if count is None else count) * width
        offset = self.start + first * width
        if not length:
            return torch.empty(0, dtype=getattr(torch, name))
        if isinstance(self.source, bytes):
            raw = np.frombuffer(self.source, np.uint8, length, offset)
        else:
            raw = np.memmap(self.source, np.uint8, "r", offset, (length,))
        return torch.from_numpy(np.array(raw)).view(getattr(torch, name))


def read_header(source: Path | bytes, name: str) -> dict[str, Stored]:
    """Every tensor of a safetensors file by name, in the order of their bytes.

    `name` is what messages call the file. Raises ValueError with a sentence unless the header describes exactly the
    bytes that follow it: known types, shapes that take the bytes they claim, no gap and no overlap.
    """
    length = len(source) if isinstance(source, bytes) else source.stat().st_size
    size, text = _text(source, length, name)
    try:
        header = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as problem:
        raise _broken(name, f"its header is not JSON: {str(problem)[:120]}") from None
    if not isinstance(header, dict):
        raise _broken(name, f"its header is JSON of type {type(header).__name__}, not an object")
    header.pop(METADATA, None)
    base = 8 + size
    found = {key: _stored(source, base, key, entry, name) for key, entry in header.items()}
    ordered = dict(sorted(found.items(), key=lambda pair: (pair[1].start, pair[1].stop)))
    at = base
    for key, tensor in ordered.items():
        if tensor.start != at:
            raise _broken(name, f"tensor '{key[:80]}' begins at byte {tensor.start - base}, not at {at - base}")
        at = tensor.stop
    if at != length:
        raise _broken(name, f"its tensors take {at - base:,} bytes and {length - base:,} follow its header")
    return ordered


def _text(source: Path | bytes, length: int, name: str) -> tuple[int, bytes]:
    """The header's length and bytes."""
    if isinstance(source, bytes):
        size = int.from_bytes(source[:8], "little")
        text = source[8 : 8 + size] if size <= LONGEST_HEADER else b""
    else:
        with source.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            text = file.read(size) if size <= min(LONGEST_HEADER, length) else b""
    if length < 8 or size > LONGEST_HEADER or size > length - 8:
        raise _broken(name, f"it has {length:,} bytes and says that its header has {size:,}")
    return size, text


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _stored(source: Path | bytes, base: int, key: str, entry: Any, name: str) -> Stored:
    named = f"tensor '{key[:80]}'"
    if not isinstance(entry, dict) or not {"dtype", "shape", "data_offsets"} <= entry.keys():
        raise _broken(name, f"{named} has no dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise _broken(name, f"{named} has the unknown type {str(dtype)[:40]!r}")
    if not _whole_numbers(shape) or not _whole_numbers(offsets) or len(offsets) != 2:
        raise _broken(name, f"{named} has the shape {str(shape)[:40]} at {str(offsets)[:40]}, not whole numbers")
    start, stop = offsets
    bits = math.prod(shape) * DTYPES[dtype][0]
    if bits != 8 * (stop - start):
        raise _broken(name, f"{named}, {dtype} {shape}, takes {bits / 8:,.6g} bytes and has {stop - start:,}")
    return Stored(source, dtype, tuple(shape), base + start, base + stop)


def _whole_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(type(n) is int and 0 <= n < 2**63 for n in values)


def _broken(name: str, reason: str) -> ValueError:
    return ValueError(f"{name} is not a readable safetensors file ({reason}); copy or save it again")
