"""How often each scheme has the lowest loss over a map, counted over draws: from lines, or cell by cell."""

from __future__ import annotations

import numpy as np

from analysis.fits.bootstrap import Draws

HELD = 2_000_000  # numbers of one array at once: 16 MB


def lowest_of_lines(
    height: np.ndarray, slope: np.ndarray, beta: np.ndarray, row_log: np.ndarray, column_log: np.ndarray
) -> np.ndarray:
    """The share of draws in which each scheme's height + slope x^-beta is the lowest (schemes, rows, columns).

    `height` and `slope` are (schemes, draws, rows), `beta` (draws, 1) or (draws, rows); log x of a cell is `row_log`
    (rows,) plus `column_log` (columns,), which rises. In t = x^-beta the schemes are straight lines, so each is the
    lowest over one stretch of t: two bounds per draw and row, instead of a loss per cell. Of equal lines the first
    one wins.
    """
    schemes, draws, rows = height.shape
    beta = np.broadcast_to(beta, (draws, rows))
    stride = len(column_log) + 1
    edges = np.zeros((schemes, rows, stride))
    for own in range(schemes):
        low, high = _stretch(height, slope, own)
        won = np.nonzero(low < high)
        shift, power = row_log[won[1]], beta[won]
        with np.errstate(all="ignore"):
            begin = np.searchsorted(column_log, -np.log(high[won]) / power - shift, "left")
            end = np.searchsorted(column_log, -np.log(low[won]) / power - shift, "right")
        place = won[1] * stride
        begun, ended = (np.bincount(place + at, minlength=rows * stride) for at in (begin, np.maximum(begin, end)))
        edges[own] = (begun - ended).reshape(rows, stride)
    return edges.cumsum(2)[:, :, :-1] / draws


def _stretch(height: np.ndarray, slope: np.ndarray, own: int) -> tuple[np.ndarray, np.ndarray]:
    """Between which t >= 0 a line is the lowest, (draws, rows) each; low >= high where it is nowhere."""
    low, high = np.zeros(height.shape[1:]), np.full(height.shape[1:], np.inf)
    beaten = np.isnan(height[own] + slope[own])
    for other in range(len(height)):
        if other == own:
            continue
        gap, steeper = height[other] - height[own], slope[own] - slope[other]
        with np.errstate(all="ignore"):
            crossing = gap / steeper
        np.fmin(high, crossing, out=high, where=steeper > 0)
        np.fmax(low, crossing, out=low, where=steeper < 0)
        beaten |= (steeper == 0) & ((gap < 0) | ((gap == 0) & (other < own)))
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
