"""Hadamard matrices of many orders, and the transform of a tensor's rows by them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch


def hadamard(rows: torch.Tensor, size: int, inverse: bool = False) -> torch.Tensor:
    """Every `size` consecutive values of (..., n) times the orthonormal Hadamard matrix, or its transpose.

    A remainder is transformed in smaller powers of two, so any length works and the shape stays.
    """
    import torch

    parts, start = [], 0
    while start < rows.shape[-1]:
        left = rows.shape[-1] - start
        width = size if left >= size else 1 << (left.bit_length() - 1)
        stop = start + left // width * width
        matrix = _orthonormal(width, rows.dtype, rows.device)
        part = rows[..., start:stop].unflatten(-1, (-1, width))
        parts.append((part @ (matrix.T if inverse else matrix)).flatten(-2))
        start = stop
    return torch.cat(parts, dim=-1) if parts else rows


@lru_cache(maxsize=64)
def hadamard_matrix(order: int) -> np.ndarray:
    """(order, order) of 1 and -1 with orthogonal rows: Sylvester doublings of 1 or of a Paley matrix.

    Raises ValueError for orders that these constructions do not reach (the first multiple of 4 of them is 92).
    """
    seed = 1 if order & (order - 1) == 0 else order
    while seed % 2 == 0 and _paley(seed) is None:
        seed //= 2
    start = np.ones((1, 1), int) if seed == 1 else _paley(seed)
    if start is None:
        raise ValueError(
            f"no Hadamard matrix of order {order} is known here; choose a power of two, or 12, 20, 24, 28 … times one"
        )
    while len(start) < order:
        start = np.kron([[1, 1], [1, -1]], start)
    return start


def _paley(order: int) -> np.ndarray | None:
    """Paley's matrix from the squares modulo a prime q: of order q + 1 (q = 3 mod 4) or 2 (q + 1) (q = 1 mod 4)."""
    for q, remainder in ((order - 1, 3), (order // 2 - 1, 1)):
        if order % 4 == 0 and q % 4 == remainder and q > 2 and all(q % p for p in range(2, int(q**0.5) + 1)):
            return _paley_of(q)
    return None


def _paley_of(q: int) -> np.ndarray:
    squares = np.zeros(q, bool)
    squares[np.arange(1, q) ** 2 % q] = True
    differences = (np.arange(q)[:, None] - np.arange(q)) % q
    jacobsthal = np.where(differences == 0, 0, np.where(squares[differences], 1, -1))
    border = np.ones((q + 1, q + 1), int)
    border[0, 0], border[1:, 1:] = 0, jacobsthal
    if q % 4 == 3:
        border[1:, 0] = -1
        return border + np.eye(q + 1, dtype=int)
    return np.kron(border, [[1, 1], [1, -1]]) + np.kron(np.eye(q + 1, dtype=int), [[1, -1], [-1, -1]])


@lru_cache(maxsize=64)
def _orthonormal(order: int, dtype: Any, device: Any) -> torch.Tensor:
    import torch

    return torch.tensor(hadamard_matrix(order) / order**0.5).to(dtype=dtype, device=device)
