"""Memory layouts that block-scaled tensor cores read: packed 4-bit codes and tiles of 128 x 4 scales."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

TILE_ROWS, TILE_COLUMNS = 128, 4


def pack_low_first(codes: Tensor) -> Tensor:
    """Bytes (rows, k/2) of 4-bit codes (rows, k): even column in the low nibble, as float4_e2m1fn_x2 wants.

    Raises ValueError when k is odd. Source: torch/headeronly/util/Float4_e2m1fn_x2.h of torch 2.13.
    """
    if codes.shape[-1] % 2:
        raise ValueError(f"{codes.shape[-1]} codes a row cannot be packed in pairs; pad k to an even number")
    return codes[..., 0::2] | (codes[..., 1::2] << 4)


def unpack_low_first(packed: Tensor) -> Tensor:
    """The 4-bit codes (rows, k) of bytes (rows, k/2) that `pack_low_first` made."""
    import torch

    pairs = torch.stack((packed & 0xF, packed >> 4), dim=-1)
    return pairs.reshape(*packed.shape[:-1], -1)


def blocked_length(rows: int, columns: int) -> int:
    """Number of scales after padding (rows, columns) to whole tiles of 128 x 4."""
    return -(-rows // TILE_ROWS) * TILE_ROWS * -(-columns // TILE_COLUMNS) * TILE_COLUMNS


def blocked_offset(row: int, column: int, columns: int) -> int:
    """Where scale (row, column) of a matrix with that many columns lies in the blocked layout.

    Source: cuBLAS documentation, "1D Block Scaling Factors Layout".
    """
    tiles_a_row = -(-columns // TILE_COLUMNS)
    tile = (row // TILE_ROWS) * tiles_a_row + column // TILE_COLUMNS
    inner = (row % 32) * 16 + (row % TILE_ROWS) // 32 * 4 + column % TILE_COLUMNS
    return tile * TILE_ROWS * TILE_COLUMNS + inner


def to_blocked(scales: Tensor) -> Tensor:
    """One-byte scales (rows, columns) as the flat blocked layout, padded with zero bytes to whole tiles."""
    import torch

    rows, columns = scales.shape
    tall, wide = -(-rows // TILE_ROWS), -(-columns // TILE_COLUMNS)
    padded = scales.new_zeros((tall * TILE_ROWS, wide * TILE_COLUMNS))
    padded[:rows, :columns] = scales
    tiles = padded.view(tall, 4, 32, wide, 4)  # (tile row, quarter, row in quarter, tile column, column)
    return torch.permute(tiles, (0, 3, 2, 1, 4)).reshape(-1)
