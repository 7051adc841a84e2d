"""The doors between a caller's arrays and torch: numpy in gives numpy out, a tensor stays on its device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

    Array = np.ndarray | torch.Tensor


def as_tensor(x: Any) -> tuple[torch.Tensor, Callable[[torch.Tensor], Any]]:
    """`x` as a torch tensor, and the function that turns a result back into the caller's kind of array.

    Integers and booleans become float64, which holds every 32-bit integer, and 8-bit floats float32; float16,
    bfloat16, float32 and float64 keep their type; no gradient flows. Raises ValueError for complex numbers, objects,
    text and records.
    """
    import torch

    if isinstance(x, torch.Tensor):
        if x.is_complex():
            raise ValueError(f"the tensor holds {x.dtype} values; take its real and imaginary part separately")
        if not x.is_floating_point():
            return x.double(), lambda y: y
        x = x.detach()
        return (x.float() if x.dtype.itemsize == 1 else x), lambda y: y
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise ValueError(
            f"the array holds {array.dtype} values; real numbers are needed (float16 to float64, integers)"
        )
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    native = array.dtype.newbyteorder("=")
    plain = np.require(array.astype(native, copy=False), requirements=["C", "W"])
    return torch.from_numpy(plain).reshape(array.shape), lambda y: y.cpu().numpy()


def float32_tensor(x: Any) -> tuple[torch.Tensor, Callable[[torch.Tensor], Any]]:
    """As as_tensor, in float32; raises ValueError for an empty tensor."""
    tensor, back = as_tensor(x)
    if tensor.numel() == 0:
        raise ValueError("the tensor is empty; a block needs at least one element")
    return tensor.float(), back


def float32_room(
    out: Any, shape: Sequence[int], back: Callable[[torch.Tensor], Any]
) -> tuple[torch.Tensor | None, Callable[[torch.Tensor], Any]]:
    """`out` as a tensor on the same memory, and the function that puts a result there and returns `out`; without
    `out`, None and `back`. Raises ValueError unless it is contiguous float32 of `shape` that can be written to.
    """
    import torch

    if out is None:
        return None, back
    if isinstance(out, torch.Tensor):
        fits, room = out.dtype is torch.float32 and out.is_contiguous(), out
    else:
        fits = (
            isinstance(out, np.ndarray) and out.dtype == np.float32 and out.flags.c_contiguous and out.flags.writeable
        )
        room = torch.from_numpy(out) if fits else None
    if room is None or not fits or tuple(out.shape) != tuple(shape):
        found = f"{getattr(out, 'dtype', type(out).__name__)} {list(getattr(out, 'shape', []))}"
        raise ValueError(
            f"out is {found}; give contiguous float32 memory of shape {list(shape)} that can be written to"
        )

    def put(values: torch.Tensor) -> Any:
        if values.data_ptr() != room.data_ptr():
            room.copy_(values)
        return out

    return room, put


def as_codes(codes: Any) -> tuple[torch.Tensor, Callable[[torch.Tensor], Any]]:
    """`codes` as an int64 tensor, and the function that turns a result back into the caller's kind of array."""
    import torch

    if isinstance(codes, torch.Tensor):
        return codes.long(), lambda y: y
    return torch.from_numpy(np.asarray(codes).astype(np.int64)), lambda y: y.cpu().numpy()
