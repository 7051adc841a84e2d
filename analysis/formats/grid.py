"""A format's value table prepared for rounding: sorted values, decision points and the code of every interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

    from analysis.formats.format import Format


@dataclass(frozen=True, eq=False)
class Grid:
    """What rounding needs of one format, on one device in one dtype.

    values: (n,) the distinct finite values, rising. points: (n + 1,) decision points; x lies in interval i when
    points[i-1] < x <= points[i]. codes: (n + 2,) the code of each interval; the first and the last are what lies
    beyond the smallest and the largest value. saturated: the same with the outermost values at both ends.
    """

    values: torch.Tensor
    points: torch.Tensor
    codes: torch.Tensor
    saturated: torch.Tensor


@lru_cache(maxsize=256)
def grid(fmt: Format, dtype: torch.dtype, device: torch.device) -> Grid:
    """The grid of a format for inputs of this dtype (float32 or float64) on this device."""
    import torch

    values, codes = finite_values(fmt)
    points = decision_points(fmt, values, codes, np.float32 if dtype is torch.float32 else np.float64)
    below, above = _beyond(fmt, codes)
    saturated = np.concatenate([codes[:1] if values[0] < 0 else [below], codes, codes[-1:]])
    tensors = (
        torch.tensor(values, dtype=dtype, device=device),
        torch.tensor(points, dtype=dtype, device=device),
        torch.tensor(np.concatenate([[below], codes, [above]]), device=device),
        torch.tensor(saturated, device=device),
    )
    return Grid(*tensors)


# Whether a tie between neighbours goes to the upper one: (middles, code of the upper value) -> flags.
_GOES_UP = {
    "even": lambda middles, upper: upper % 2 == 0,
    "away": lambda middles, upper: middles > 0,
    "zero": lambda middles, upper: middles < 0,
    "down": lambda middles, upper: np.zeros(len(middles), dtype=bool),
}


def finite_values(fmt: Format) -> tuple[np.ndarray, np.ndarray]:
    """The distinct finite values in rising order and their codes; of two zeros the positive one is kept."""
    codes = np.flatnonzero(np.isfinite(fmt.values))
    values = fmt.values[codes]
    keep = ~((values == 0) & np.signbit(values))
    order = np.argsort(values[keep], kind="stable")
    return values[keep][order], codes[keep][order].astype(np.int64)


def decision_points(fmt: Format, values: np.ndarray, codes: np.ndarray, dtype: type) -> np.ndarray:
    """The points between neighbours, each placed so that a tie at the exact midpoint goes where the format says.

    An input equal to a point belongs to the interval below it; where the tie goes up, the point is one step of
    `dtype` lower, so that no input lies between it and the midpoint.
    """
    middles = (values[:-1] + values[1:]) / 2 if fmt.middles is None else fmt.middles
    goes_up = _GOES_UP[fmt.ties](middles, codes[1:])
    lowest, highest = _outer_points(fmt, values, codes, dtype)
    inner = np.where(goes_up, np.nextafter(middles.astype(dtype), dtype(-np.inf)), middles.astype(dtype))
    return np.concatenate([[lowest], inner, [highest]]).astype(dtype)


def _outer_points(fmt: Format, values: np.ndarray, codes: np.ndarray, dtype: type) -> tuple[float, float]:
    """Where overflow begins on either side; infinite when the format saturates."""
    highest = lowest = np.inf
    if fmt.next_value is not None:
        middle = dtype((values[-1] + fmt.next_value) / 2)
        tie_stays = fmt.ties == "even" and codes[-1] % 2 == 0
        highest = middle if tie_stays else np.nextafter(middle, dtype(0))
        with np.errstate(over="ignore"):
            lowest = np.nextafter(highest, dtype(np.inf))
    if values[0] < 0:
        return -lowest, highest
    # An unsigned format: what lies below its smallest value cannot be held, zero neither unless it has one.
    return (np.nextafter(dtype(0), dtype(-1)) if values[0] == 0 else dtype(0)), highest


def _beyond(fmt: Format, codes: np.ndarray) -> tuple[int, int]:
    """The codes for what overflows below and above: infinity, else NaN, else the outermost value."""
    infinite = {sign: np.flatnonzero(fmt.values == sign * np.inf) for sign in (-1, 1)}
    positive_nan, negative_nan = fmt.nan
    if fmt.next_value is None:
        return int(codes[0]), int(codes[-1])
    below = int(infinite[-1][0]) if infinite[-1].size else negative_nan
    above = int(infinite[1][0]) if infinite[1].size else positive_nan
    return below, above
