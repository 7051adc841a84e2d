"""Cutting a tensor into blocks along one axis and putting it together again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

BlockSize = int | tuple[int, int] | Literal["row", "tensor"]


def to_blocks(x: torch.Tensor, block_size: BlockSize, axis: int) -> torch.Tensor:
    """(..., n_blocks, elements a block): `axis` moved last and cut; ragged last blocks are padded with zeros.

    "row" makes one block of each vector along the axis, "tensor" one block of everything; (rows, columns) makes
    tiles over the last two axes after the move, so there are two axes of blocks: (..., n_rows, n_columns, elements).
    """
    import torch

    if block_size == "tensor":
        return x.reshape(1, -1)
    rows = x.reshape(1) if x.ndim == 0 else x.movedim(axis, -1)
    if isinstance(block_size, tuple):
        high, wide = block_size
        rows = rows.unsqueeze(0) if rows.ndim == 1 else rows
        rows = torch.nn.functional.pad(rows, (0, -rows.shape[-1] % wide, 0, -rows.shape[-2] % high))
        return rows.unflatten(-1, (-1, wide)).unflatten(-3, (-1, high)).transpose(-2, -3).flatten(-2)
    size = rows.shape[-1] if block_size == "row" else block_size
    missing = -rows.shape[-1] % size
    rows = torch.nn.functional.pad(rows, (0, missing)) if missing else rows
    return rows.reshape(*rows.shape[:-1], -1, size)


def from_blocks(blocks: torch.Tensor, shape: torch.Size, block_size: BlockSize, axis: int) -> torch.Tensor:
    """The tensor of `shape` whose blocks these are; the padding is cut off."""
    if block_size == "tensor":
        return blocks.reshape(shape)
    if isinstance(block_size, tuple):
        rows = blocks.unflatten(-1, block_size).transpose(-2, -3).flatten(-4, -3).flatten(-2)
        others = [size for index, size in enumerate(shape) if index != axis % len(shape)]
        rows = rows[..., : others[-1], :] if others else rows[0]
    else:
        rows = blocks.flatten(-2)
    if len(shape) == 0:
        return rows[0]
    return rows[..., : shape[axis]].movedim(-1, axis)
