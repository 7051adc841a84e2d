"""A counter-based random generator: the number at a position depends on the seed and the position alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

WORD = (1 << 64) - 1


def words(seed: int, start: int, count: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """(count,) int64 holding 32 random bits each, for positions start to start + count - 1.

    Any chunking, order or device gives the same bits for the same position. Integers wrap around at 64 bits.
    Source: squares_rng_2020, the four-round generator.
    """
    import torch

    key = _signed(_key(seed))
    x = torch.arange(start, start + count, dtype=torch.int64, device=device) * key
    y, z = x, x + key
    for increment in (y, z, y):
        x = _swap_halves(x * x + increment)
    return ((x * x + z) >> 32) & 0xFFFFFFFF


def uniform(seed: int, start: int, count: int, dtype: torch.dtype, device: torch.device | str = "cpu") -> torch.Tensor:
    """(count,) numbers in [0, 1) for the positions from `start`: 24 random bits in float32, 32 in float64."""
    import torch

    bits = words(seed, start, count, device)
    if dtype is torch.float64:
        return bits.double() * 2.0**-32
    return (bits >> 8).float() * 2.0**-24


def _swap_halves(x: torch.Tensor) -> torch.Tensor:
    return ((x >> 32) & 0xFFFFFFFF) | (x << 32)


def _key(seed: int) -> int:
    """An odd 64-bit key whose digits look random, from any integer (splitmix64 finalizer)."""
    mixed = (seed + 0x9E3779B97F4A7C15) & WORD
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & WORD
    return (mixed ^ (mixed >> 31)) | 1


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word
