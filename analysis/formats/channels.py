"""Transforms of channels: sorted by size, divided by a factor each, shifted to their middle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

ALPHA = 0.5  # of SmoothQuant: the share of a channel's size that moves to the other operand


def _as_it_is(y: torch.Tensor) -> torch.Tensor:
    return y


@dataclass(frozen=True)
class Map:
    """What to do with rows (..., n): forward(rows - shift), undone by inverse(rows) + shift; `partner` does to the
    other operand of a product over n what keeps the product.
    """

    forward: Callable[[torch.Tensor], torch.Tensor] = _as_it_is
    inverse: Callable[[torch.Tensor], torch.Tensor] = _as_it_is
    partner: Callable[[torch.Tensor], torch.Tensor] = _as_it_is
    shift: torch.Tensor | float = 0.0


def same(rows: torch.Tensor, seed: int, fmt, other) -> Map:
    """Nothing."""
    return Map()


def sort_channels(rows: torch.Tensor, seed: int, fmt, other) -> Map:
    """Channels in falling order of their largest magnitude, so that outliers share blocks; a lone row stays."""
    if rows.ndim < 2:
        return Map()
    order = _largest(rows).argsort(descending=True, stable=True)
    back = order.argsort()
    return Map(lambda y: y[..., order], lambda y: y[..., back], lambda w: w[..., order])


def smooth(rows: torch.Tensor, seed: int, fmt, other) -> Map:
    """Channels divided by max|X_j|^alpha / max|W_j|^(1 - alpha), with alpha = 1/2 and 1 for an unknown W_j; a lone row
    stays.
    """
    import torch

    if rows.ndim < 2:
        return Map()
    ours = _largest(rows) ** ALPHA
    theirs = 1.0 if other is None else _largest(other).to(rows.dtype) ** (1 - ALPHA)
    return _divided(torch.nan_to_num(ours / theirs, nan=1.0, posinf=1.0))


def affine(rows: torch.Tensor, seed: int, fmt, other) -> Map:
    """Channels shifted so that they reach equally far either way, and divided by how far; a lone row stays."""
    if rows.ndim < 2:
        return Map()
    flat = rows.flatten(0, -2)
    low, high = flat.amin(dim=0), flat.amax(dim=0)
    return _divided((high - low) / 2, (high + low) / 2)


def _divided(factors: torch.Tensor, shift: torch.Tensor | float = 0.0) -> Map:
    import torch

    factors = torch.where(factors > 0, factors, 1)
    return Map(lambda y: y / factors, lambda y: y * factors, lambda w: w * factors, shift)


def _largest(rows: torch.Tensor) -> torch.Tensor:
    """(n,): each channel's largest magnitude."""
    return rows.abs().flatten(0, -2).amax(dim=0)
