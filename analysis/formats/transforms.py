"""Transforms that are undone after quantizing: they spread outliers over their neighbours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from analysis.formats.counter import words

if TYPE_CHECKING:
    import torch

HADAMARD_SIZE = 32


@dataclass(frozen=True)
class Transform:
    """apply and invert take (tensor, axis, seed) and return a tensor of the same shape; invert undoes apply up to
    float rounding.
    """

    name: str
    title: str
    source: str
    apply: Callable[[torch.Tensor, int, int], torch.Tensor] = field(repr=False)
    invert: Callable[[torch.Tensor, int, int], torch.Tensor] = field(repr=False)


def _same(x: torch.Tensor, axis: int, seed: int) -> torch.Tensor:
    return x


def hadamard(x: torch.Tensor, axis: int = -1, seed: int = 0, size: int = HADAMARD_SIZE) -> torch.Tensor:
    """Every `size` consecutive values along `axis` times the orthonormal Sylvester matrix, its own inverse.

    A remainder is transformed in smaller powers of two, so any length works and the shape stays.
    """
    import torch

    if x.ndim == 0:
        return x
    rows = x.movedim(axis, -1)
    parts, start = [], 0
    while start < rows.shape[-1]:
        left = rows.shape[-1] - start
        width = size if left >= size else 1 << (left.bit_length() - 1)
        stop = start + left // width * width
        part = rows[..., start:stop].unflatten(-1, (-1, width))
        parts.append((part @ _sylvester(width, x.dtype, x.device)).flatten(-2))
        start = stop
    return torch.cat(parts, dim=-1).movedim(-1, axis) if parts else x


def randomized_hadamard(x: torch.Tensor, axis: int = -1, seed: int = 0) -> torch.Tensor:
    """Random signs by position along `axis`, then the Hadamard transform."""
    return hadamard(_signed(x, axis, seed), axis)


def undo_randomized_hadamard(x: torch.Tensor, axis: int = -1, seed: int = 0) -> torch.Tensor:
    """The tensor before randomized_hadamard with the same seed."""
    return _signed(hadamard(x, axis), axis, seed)


def _signed(x: torch.Tensor, axis: int, seed: int) -> torch.Tensor:
    if x.ndim == 0:
        return x
    signs = 1 - 2 * (words(seed, 0, x.shape[axis], x.device) & 1)
    return (x.movedim(axis, -1) * signs.to(x.dtype)).movedim(-1, axis)


@lru_cache(maxsize=32)
def _sylvester(size: int, dtype: Any, device: Any) -> torch.Tensor:
    import torch

    matrix = torch.ones(1, 1, dtype=torch.float64)
    while len(matrix) < size:
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)])
    return (matrix / size**0.5).to(dtype=dtype, device=device)


TRANSFORMS = {
    row.name: row
    for row in (
        Transform("none", "None", "", _same, _same),
        Transform("hadamard", f"Hadamard {HADAMARD_SIZE}", "quartet_2025", hadamard, hadamard),
        Transform(
            "randomized-hadamard",
            f"Randomized Hadamard {HADAMARD_SIZE}",
            "mxfp4_training_2025",
            randomized_hadamard,
            undo_randomized_hadamard,
        ),
    )
}


def get_transform(name: str) -> Transform:
    """The transform of that name; raises ValueError with the names there are."""
    if name not in TRANSFORMS:
        raise ValueError(f"unknown transform '{name}'; choose one of {', '.join(TRANSFORMS)}")
    return TRANSFORMS[name]
