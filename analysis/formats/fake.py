"""Fake quantization: what is left of a tensor in a format, without its codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.formats import fast
from analysis.formats.arrays import as_tensor, float32_room
from analysis.formats.block import BlockFormat
from analysis.formats.blocking import from_blocks, to_blocks
from analysis.formats.format import Format

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array


def fake_quantize(
    fmt: Format | BlockFormat,
    x: Array,
    axis: int = -1,
    rounding: str = "nearest",
    seed: int = 0,
    offset: int = 0,
    out: Array | None = None,
) -> Array:
    """What dequantize makes of quantize, float32, in one pass over large float32 tensors on a CPU.

    Written to `out` when given, contiguous float32 memory of the same shape, which may be `x` itself. Raises
    ValueError for other memory, and as quantize does.
    """
    tensor, back = as_tensor(x)
    room, deliver = float32_room(out, tensor.shape, back)
    values = _compiled(fmt, tensor, axis, rounding, room)
    if values is None:
        values = as_tensor(fmt.dequantize(fmt.quantize(x, axis, rounding, seed, offset)))[0]
    return deliver(values)


def _compiled(
    fmt: Format | BlockFormat, tensor: torch.Tensor, axis: int, rounding: str, room: torch.Tensor | None
) -> torch.Tensor | None:
    """The values, in `room` where that serves; None for what the compiled path cannot do."""
    if isinstance(fmt, Format):
        return fast.fake_quantize(fmt, tensor, rounding, room)
    if type(fmt) is not BlockFormat or tensor.numel() == 0:  # a format of another class has steps of its own
        return None
    blocks = to_blocks(tensor.float(), fmt.block_size, axis)
    into = None if room is None else to_blocks(room, fmt.block_size, axis)
    values = fast.fake_quantize_blocks(fmt, blocks, *fmt._tensor_scale(blocks), rounding, into)
    return None if values is None else from_blocks(values, tensor.shape, fmt.block_size, axis)
