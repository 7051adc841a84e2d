"""Rounding modes: each finds, for every input, the interval of the grid whose code it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.formats.grid import Grid

if TYPE_CHECKING:
    import torch


def nearest(x: torch.Tensor, grid: Grid, uniform: torch.Tensor | None) -> torch.Tensor:
    """The interval of the nearest value; a tie goes where the format says, as a rule to the even code."""
    import torch

    return torch.bucketize(x, grid.points)


def toward_zero(x: torch.Tensor, grid: Grid, uniform: torch.Tensor | None) -> torch.Tensor:
    """The interval of the nearest value that is no larger in magnitude; finite inputs never overflow.

    Where a format without zero has none, it is the smallest value of the same sign.
    """
    import torch

    below = torch.bucketize(x, grid.values, right=True) - 1
    at = below.clamp(0, len(grid.values) - 1)
    next_one = grid.values[(at + 1).clamp(max=len(grid.values) - 1)]
    step_up = ((x < 0) & (grid.values[at] < x) & (next_one <= 0)) | ((x > 0) & (grid.values[at] < 0))
    index = (below + step_up).clamp(0, len(grid.values) - 1) + 1
    holdable = (x > 0) | ((x < 0) & (grid.values[0] < 0))
    return torch.where(torch.isfinite(x) & holdable, index, nearest(x, grid, None))


def stochastic(x: torch.Tensor, grid: Grid, uniform: torch.Tensor | None) -> torch.Tensor:
    """One of the two neighbours, the upper with probability equal to the relative position between them.

    The mean over many draws is the input. Beyond the outermost values it is the nearest rule.
    """
    import torch

    if uniform is None:
        raise ValueError("stochastic rounding needs random numbers; pass a seed")
    below = (torch.bucketize(x, grid.values, right=True) - 1).clamp(0, max(len(grid.values) - 2, 0))
    low, high = grid.values[below], grid.values[(below + 1).clamp(max=len(grid.values) - 1)]
    up = uniform * (high - low) < x - low
    inside = (x > grid.values[0]) & (x < grid.values[-1])
    return torch.where(inside, below + up + 1, nearest(x, grid, None))


ROUNDINGS = {"nearest": nearest, "toward-zero": toward_zero, "stochastic": stochastic}


def get_rounding(name: str):
    """The rounding mode of that name; raises ValueError with the names there are."""
    if name not in ROUNDINGS:
        raise ValueError(f"unknown rounding '{name}'; choose one of {', '.join(ROUNDINGS)}")
    return ROUNDINGS[name]
