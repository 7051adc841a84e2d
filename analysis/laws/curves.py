"""Learning-rate schedules rebuilt from the logged points of loss curves, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

MOST_STEPS = 10_000_000
STRETCHES = 5  # of a curve: shorter ones cut what goes together, with fewer a resample is of too few


@dataclass(frozen=True)
class Schedule:
    """The learning rate of every step of one curve: `rates` (T + 1,) from step 0 on, peak at `warmup` steps.

    `rows` (m,) are the positions of its points in the table they came from, `steps` (m,) their steps.
    """

    rows: np.ndarray
    steps: np.ndarray
    rates: np.ndarray
    warmup: int

    def area(self) -> np.ndarray:
        """S1 at every step (T + 1,): the sum of the learning rates of the steps so far, warm-up included."""
        return np.cumsum(self.rates) - self.rates[0]

    def drops(self) -> np.ndarray:
        """By how much the learning rate falls into every step (T + 1,); negative where it rises."""
        return -np.diff(self.rates, prepend=self.rates[0])

    def annealing(self, decay: float) -> np.ndarray:
        """S2 at every step (T + 1,): the sum of a momentum of the drops after warm-up, fading by `decay` a step."""
        from scipy.signal import lfilter  # a second to import, for curves only

        after = np.where(np.arange(len(self.rates)) > self.warmup, self.drops(), 0.0)
        return np.cumsum(lfilter([1.0], [1.0, -decay], after))

    def changes(self, parts: int) -> np.ndarray:
        """The learning rate's rises and falls before each point, each in `parts` parts: (3, m, 2 parts).

        Of each part: its drop (negative for a rise), the learning rate at its middle, and the area under the rates from
        there to the point. Parts are finer towards the point, since recent changes act fastest.
        """
        drops = self.drops()
        return np.concatenate([self._parts(sign, np.maximum(sign * drops, 0.0), parts) for sign in (-1.0, 1.0)], axis=2)

    def _parts(self, sign: float, sizes: np.ndarray, parts: int) -> np.ndarray:
        total, area, least = np.cumsum(sizes), self.area(), 1e-9 * self.rates.max()
        edges, steps = 1 - np.linspace(1, 0, parts + 1) ** 3, self.steps[:, None]
        middle = np.searchsorted(total, (edges[1:] + edges[:-1]) / 2 * total[steps])  # (m, parts): a step
        since = area[steps] - area[np.maximum(middle - 1, 0)]
        fallen = sign * np.diff(edges) * total[steps]
        return np.stack([fallen, np.maximum(self.rates[middle], least), np.maximum(since, least)])


def stretches(points: pd.DataFrame) -> np.ndarray:
    """Which stretch of its curve each point is in, of STRETCHES of about as many points each: (n,) numbers.

    Errors of neighbouring points go together, so that resamples draw whole stretches (a block bootstrap).
    """
    found = np.empty(len(points), dtype=int)
    for number, curve in enumerate(schedules(points)):
        share = np.arange(len(curve.rows)) * STRETCHES // len(curve.rows)
        found[curve.rows] = number * STRETCHES + share
    return np.unique(found, return_inverse=True)[1]


def schedules(points: pd.DataFrame) -> Iterator[Schedule]:
    """One schedule per curve_id (one for all points without that column) from step, learning_rate, warmup_steps.

    Between logged points the rate is interpolated, but a jump between two constant stretches happens at the first
    point of the second; before the first point it rises linearly over the warm-up and then stays as first logged.
    Raises ValueError for steps that can be no optimizer steps.
    """
    rows = np.arange(len(points))
    names = points["curve_id"].astype(str).to_numpy() if "curve_id" in points else np.zeros(len(points), str)
    for name in dict.fromkeys(names):
        yield _schedule(str(name), points[names == name], rows[names == name])


def _schedule(name: str, points: pd.DataFrame, rows: np.ndarray) -> Schedule:
    order = np.argsort(points["step"].to_numpy(), kind="stable")
    points, rows = points.iloc[order], rows[order]
    steps = np.rint(points["step"].to_numpy(float)).astype(np.int64)
    if steps[-1] > MOST_STEPS:
        advice = f"write optimizer steps up to {MOST_STEPS:.0e}, not tokens"
        raise ValueError(f"curve {name}: step is {steps[-1]:.3g}; {advice}")
    logged, warmup = points["learning_rate"].to_numpy(float), int(points["warmup_steps"].max())
    flat = np.diff(logged) == 0
    jumps = np.flatnonzero(flat[:-2] & ~flat[1:-1] & flat[2:]) + 1
    knots = np.concatenate([steps, steps[jumps + 1] - 1])
    rates = np.concatenate([logged, logged[jumps]])
    if (steps >= warmup).any():  # the logged points need not show where the warm-up ends
        knots, rates = np.append(knots, warmup), np.append(rates, logged[steps >= warmup][0])
    start = 0.0 if warmup else rates[np.argmin(knots)]
    knots, first = np.unique(np.append(knots, 0), return_index=True)
    return Schedule(rows, steps, np.interp(np.arange(steps[-1] + 1), knots, np.append(rates, start)[first]), warmup)
