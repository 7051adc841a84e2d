"""Reading tensors that strangers made: .npy and .safetensors, from a path or from bytes; nothing is ever unpickled."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.commands.safetensors_header import LONGEST_HEADER, read_header
from analysis.commands.stored_tensors import Tensor, tensors_of
from analysis.formats.arrays import as_tensor

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array

MAX_BYTES = 2**32
KINDS = "save a tensor with numpy.save (.npy) or with the safetensors library (.safetensors)"
# What a file is by its first bytes when it is not one of ours.
STRANGERS = {
    b"PK": "a zip archive (.npz, .pt), which may hold pickles and is not opened",
    b"\x80": "a pickle, which could run code and is never opened",
    b"GGUF": "a GGUF file",
    b"\x89HDF": "an HDF5 file",
}


def list_tensors(source: Path | bytes, name: str) -> dict[str, str]:
    """Type and shape of every tensor in a file, by name; an .npy file holds one, called "array".

    The parts of a packed MXFP4 or NVFP4 tensor count as the one tensor that they make. `name` is what messages call
    the file. Raises ValueError with a sentence when it is neither kind.
    """
    if is_npy(source, name):
        array = _read_npy(source, name)
        return {"array": _describe(array.dtype, array.shape)}
    return {key: tensor.words for key, tensor in stored_tensors(source, name).items()}


def stored_tensors(source: Path | bytes, name: str) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name, sorted; ValueError with a sentence for any other file."""
    refuse_strangers(_first_bytes(source, name), name)
    found = tensors_of(read_header(source, name))
    if not found:
        raise ValueError(f"{name} is a safetensors file without tensors; save at least one")
    return dict(sorted(found.items()))


def read_tensor(source: Path | bytes, name: str, tensor: str | None = None) -> Array:
    """One tensor of a file: a numpy array from .npy, a torch tensor from .safetensors, decoded if it is packed.

    Raises ValueError with a sentence for anything that is not a readable tensor of real numbers, and when the file
    holds several and `tensor` names none of them.
    """
    if is_npy(source, name):
        _chosen({"array": "one array"}, name, tensor)
        array = _read_npy(source, name)
        _require_numbers(array, name, "array")
        return array
    chosen, one = _stored(source, name, tensor)
    _require_size(one.n_bytes, name)
    return _rows(one, name, chosen).reshape(one.shape)


def _stored(source: Path | bytes, name: str, tensor: str | None) -> tuple[str, Tensor]:
    found = stored_tensors(source, name)
    chosen = _chosen({key: one.words for key, one in found.items()}, name, tensor)
    return chosen, found[chosen]


def _rows(one: Tensor, name: str, chosen: str, count: int | None = None) -> torch.Tensor:
    try:
        values = one.rows(0, count)
    except ValueError as problem:
        raise ValueError(f"{name}: tensor '{chosen}' cannot be read ({problem})") from None
    _require_numbers(values, name, chosen, one.words)
    return values


def _chosen(names: dict[str, str], name: str, tensor: str | None) -> str:
    if tensor is None and len(names) > 1:
        raise ValueError(f"{name} holds {len(names)} tensors; choose one with --tensor NAME: {_some(names)}")
    chosen = next(iter(names)) if tensor is None else tensor
    if chosen not in names:
        raise ValueError(f"{name} holds no tensor '{chosen}'; it has {_some(names)}")
    return chosen


def read_rows(
    source: Path | bytes, name: str, tensor: str | None, limit: int
) -> tuple[np.ndarray, int, tuple[int, ...]]:
    """The first rows of a tensor as a float32 matrix of at most `limit` values, and the tensor's size and shape."""
    if is_npy(source, name):
        x = as_tensor(read_tensor(source, name, tensor))[0]
        rows, shape = (x.reshape(-1, x.shape[-1]) if x.ndim else x.reshape(1, 1)), tuple(x.shape)
    else:
        chosen, one = _stored(source, name, tensor)
        count = min(one.n_rows, max(1, limit // max(one.columns, 1)))
        rows, shape = as_tensor(_rows(one, name, chosen, count))[0], one.shape
    part = rows[: max(1, limit // rows.shape[1]), :limit]
    return part.float().numpy(), math.prod(shape), shape


def _first_bytes(source: Path | bytes, name: str) -> bytes:
    if isinstance(source, bytes):
        start = source[:16]
    elif not source.is_file():
        raise ValueError(f"{name} is not a file; give the path of a .npy or .safetensors file")
    else:
        with source.open("rb") as file:
            start = file.read(16)
    if not start:
        raise ValueError(f"{name} is empty (0 bytes); {KINDS}")
    return start


def is_npy(source: Path | bytes, name: str) -> bool:
    """True when a file begins as .npy files do; ValueError when it is empty or no file."""
    return _first_bytes(source, name).startswith(b"\x93NUMPY")


def refuse_strangers(start: bytes, name: str) -> None:
    """Raises ValueError unless a file begins as safetensors do: the length of its header, then a JSON object."""
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= LONGEST_HEADER:
        return
    for magic, words in STRANGERS.items():
        if start.startswith(magic):
            raise ValueError(f"{name} is {words}; {KINDS}")
    raise ValueError(f"{name} is neither .npy nor .safetensors (it starts with {start[:8]!r}); {KINDS}")


def _read_npy(source: Path | bytes, name: str) -> np.ndarray:
    """The array of an .npy file; the header is checked against the length before anything is allocated."""
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            read_header = (
                np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            )
            shape, fortran, dtype = read_header(file)
        except (ValueError, SyntaxError, TypeError) as problem:
            raise ValueError(f"{name} has no readable .npy header ({problem}); {KINDS}") from None
        if dtype.hasobject:
            raise ValueError(f"{name} holds Python objects, which could run code and are never loaded; save numbers")
        if min(shape, default=0) < 0:
            raise ValueError(f"{name} has no readable .npy header (shape {list(shape)}); {KINDS}")
        start, stop = file.tell(), file.seek(0, io.SEEK_END)
        needed = math.prod(shape) * dtype.itemsize
        if needed > stop - start:
            raise ValueError(
                f"{name} says it holds {_describe(dtype, shape)}, {needed:,} bytes, and has only {stop - start:,} "
                "after its header: it was cut off; copy it again"
            )
        _require_size(needed, name)
        file.seek(start)
        flat = np.frombuffer(file.read(needed), dtype=dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def _require_size(n_bytes: int, name: str) -> None:
    if n_bytes > MAX_BYTES:
        raise ValueError(f"{name}: the tensor is larger than {MAX_BYTES / 2**30:.0f} GiB; quantize a slice of it")


def _require_numbers(array: Any, name: str, tensor: str, words: str = "") -> None:
    words = words or _describe(array.dtype, array.shape)
    is_complex = array.dtype.kind == "c" if isinstance(array, np.ndarray) else array.is_complex()
    if is_complex:
        raise ValueError(f"{name}: {words} is complex; save its real and imaginary part as two tensors")
    if isinstance(array, np.ndarray) and array.dtype.kind not in "fiub":
        raise ValueError(f"{name}: {words} is not made of real numbers; save float16, float32, float64 or integers")
    if math.prod(array.shape) == 0:
        raise ValueError(f"{name}: tensor '{tensor}' is empty ({words}); give it at least one value")


def _describe(dtype: Any, shape: Any) -> str:
    return f"{str(dtype).removeprefix('torch.')} [{', '.join(str(n) for n in shape)}]"


def _some(names: dict[str, str], limit: int = 8) -> str:
    listed = [f"{key} {words}" for key, words in list(names.items())[:limit]]
    return ", ".join(listed) + (f" and {len(names) - limit} more" if len(names) > limit else "")
