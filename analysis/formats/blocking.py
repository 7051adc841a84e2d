"""Cutting a tensor into blocks along one axis and putting it together again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

BlockSize = int | Literal["row", "tensor"]


def to_blocks(x: torch.Tensor, block_size: BlockSize, axis: int) -> torch.Tensor:
    """(..., n_blocks, block_size): `axis` moved last and cut; a ragged last block is padded with zeros.

    "row" makes one block of each vector along the axis, "tensor" one block of everything.
    """
    import torch

    if block_size == "tensor":
        return x.reshape(1, -1)
    rows = x.reshape(1) if x.ndim == 0 else x.movedim(axis, -1)
    size = rows.shape[-1] if block_size == "row" else block_size
    rows = torch.nn.functional.pad(rows, (0, -rows.shape[-1] % size))
    return rows.reshape(*rows.shape[:-1], -1, size)


def from_blocks(blocks: torch.Tensor, shape: torch.Size, block_size: BlockSize, axis: int) -> torch.Tensor:
    """The tensor of `shape` whose blocks these are; the padding is cut off."""
    if block_size == "tensor":
        return blocks.reshape(shape)
    rows = blocks.flatten(-2)
    if len(shape) == 0:
        return rows[0]
    return rows[..., : shape[axis]].movedim(-1, axis)
