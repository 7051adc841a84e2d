"""How often each scheme has the lowest loss over a map, counted over draws: from lines, or cell by cell."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np

from analysis.fits.bootstrap import Draws

# Height and slope (schemes, draws, rows) and beta (draws, 1) or (draws, rows) of some draws.
Lines = tuple[np.ndarray, np.ndarray, np.ndarray]
HELD = 2_000_000  # numbers of one array at once: 16 MB


def lowest_of_lines(lines: Iterable[Lines], row_log: np.ndarray, column_log: np.ndarray) -> np.ndarray:
    """The share of draws in which each scheme's height + slope x^-beta is the lowest (schemes, rows, columns).

    `lines` are those of some draws after another, as many at once as stay in a core's cache. Log x of a cell is
    `row_log` (rows,) plus `column_log` (columns,), which rises. In t = x^-beta the schemes are straight lines, so each
    is the lowest over one stretch of t: two bounds per draw and row, instead of a loss per cell. Of equal lines the
    first one wins.
    """
    edges, draws = np.zeros(()), 0
    for height, slope, beta in lines:
        schemes, own, rows = height.shape
        if not draws:
            edges = np.zeros((schemes, rows, len(column_log) + 1))
        draws += own
        _count(edges, height, slope, np.broadcast_to(beta, (own, rows)), row_log, column_log)
    return edges.cumsum(2)[:, :, :-1] / draws


def _count(
    edges: np.ndarray,
    height: np.ndarray,
    slope: np.ndarray,
    beta: np.ndarray,
    row_log: np.ndarray,
    column_log: np.ndarray,
) -> None:
    """Adds 1 to `edges` (schemes, rows, columns + 1) where a scheme begins to be the lowest, takes 1 where it ends."""
    _, rows, stride = edges.shape
    for own, (low, high) in enumerate(zip(*_stretches(height, slope), strict=True)):
        won = np.nonzero(low < high)
        shift, power = row_log[won[1]], beta[won]
        with np.errstate(all="ignore"):
            begin = np.searchsorted(column_log, -np.log(high[won]) / power - shift, "left")
            end = np.searchsorted(column_log, -np.log(low[won]) / power - shift, "right")
        place = won[1] * stride
        begun, ended = (np.bincount(place + at, minlength=rows * stride) for at in (begin, np.maximum(begin, end)))
        edges[own] += (begun - ended).reshape(rows, stride)


def _stretches(height: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Between which t >= 0 each line is the lowest, (schemes, draws, rows) each; low >= high where it is nowhere."""
    low, high = np.zeros(height.shape), np.full(height.shape, np.inf)
    beaten = np.isnan(height + slope)
    for i, j in combinations(range(len(height)), 2):
        gap, steeper = height[j] - height[i], slope[i] - slope[j]
        with np.errstate(all="ignore"):
            crossing = gap / steeper
        for up, down, turned in ((i, j, steeper > 0), (j, i, steeper < 0)):  # `up` is the lower one before they cross
            np.fmin(high[up], np.where(turned, crossing, np.inf), out=high[up])
            np.fmax(low[down], np.where(turned, crossing, 0.0), out=low[down])
        level = steeper == 0
        if level.any():
            beaten[i] |= level & (gap < 0)
            beaten[j] |= level & (gap >= 0)
    low[beaten], high[beaten] = np.inf, 0.0
    return low, high


def lowest_plainly(draws: Draws, n: np.ndarray, d: np.ndarray, d_over_n: np.ndarray) -> np.ndarray:
    """The share of draws in which each scheme's loss is the lowest (schemes, rows, columns), by the law in every cell.

    `n` (schemes, draws, rows) are the parameters that count, `d` times D/N of a cell (rows, columns) the tokens.
    """
    schemes, count, _ = n.shape
    wins = np.zeros((schemes, *d_over_n.shape))
    size = max(1, HELD // d_over_n.size)
    plain = {name: np.asarray(v, float) for name, v in draws.values.items() if not name.startswith("eff_")}
    for first in range(0, count, size):
        own = slice(first, first + size)
        values = {name: numbers[own, None, None] for name, numbers in plain.items()}
        loss = np.array(
            [
                draws.law.evaluate(values, {"n_params": n[k, own, :, None], "n_tokens": d[k, own, :, None] * d_over_n})
                for k in range(schemes)
            ]
        )
        lowest = np.where(np.isnan(loss), np.inf, loss).argmin(0)
        for k in range(schemes):
            wins[k] += (lowest == k).sum(0)
    return wins / count
