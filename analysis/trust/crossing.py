"""Where two fitted curves of one number cross, and how sure that is: what wins when small may lose when large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.fits.fitting import Fit

STEPS = 400  # points along the log of the number at which signs are compared


@dataclass(frozen=True)
class Crossing:
    """The last crossing of two curves within `span`, and which is the lower before and after it.

    `at` is nan where they do not cross; `low`, `high` (95%) and `chance` are of the bootstrap draws that cross, nan
    without draws. `before` and `after` are 0 for the first curve and 1 for the second; `count` is the number of
    crossings in the span: two powers with constants may cross twice.
    """

    at: float
    low: float
    high: float
    chance: float
    before: int
    after: int
    count: int
    span: tuple[float, float]


def crossing(first: Fit, second: Fit, low: float, high: float) -> Crossing:
    """The last crossing between `low` and `high` of two fits of one law with a single input.

    Draws of the two fits are paired as they come: their runs were resampled independently of each other. Raises
    ValueError for fits of different inputs, without values, or for a span that is none.
    Source of the question: Xiao 2024, scaling law crossover.
    """
    if first.law.inputs != second.law.inputs or len(first.law.inputs) != 1:
        raise ValueError(f"{first.law.name} and {second.law.name} are not curves of one and the same number")
    if not 0 < low < high:
        raise ValueError(f"a crossing is looked for between {low:g} and {high:g}; the first must be the smaller")
    along = np.geomspace(low, high, STEPS)
    x = pd.DataFrame({first.law.inputs[0]: along})
    apart = first.predict(x) - second.predict(x)
    at, count = _last(apart[None], along)
    sides = (apart > 0).astype(int)
    before = sides[np.searchsorted(along, at[0]) - 1] if count[0] else sides[0]
    ends, chance = (np.nan, np.nan), np.nan
    if first.draws and second.draws:
        pairs = min(len(first.draws), len(second.draws))
        drawn, _ = _last(first.draws.predict(x)[:pairs] - second.draws.predict(x)[:pairs], along)
        crossed = drawn[np.isfinite(drawn)]
        chance = len(crossed) / pairs
        ends = tuple(np.quantile(crossed, [0.025, 0.975])) if len(crossed) else ends
    return Crossing(
        float(at[0]), float(ends[0]), float(ends[1]), chance, int(before), int(sides[-1]), int(count[0]), (low, high)
    )


def _last(apart: np.ndarray, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each row of differences (k, STEPS) last changes sign, nan where it never does, and how often it does."""
    changes = np.signbit(apart[:, 1:]) != np.signbit(apart[:, :-1])
    last = apart.shape[1] - 2 - changes[:, ::-1].argmax(1)
    rows = np.arange(len(apart))
    left, right, logs = apart[rows, last], apart[rows, last + 1], np.log(along)
    with np.errstate(all="ignore"):
        at = np.exp(logs[last] + left / (left - right) * (logs[last + 1] - logs[last]))
    return np.where(changes.any(1), at, np.nan), changes.sum(1)
