"""Bootstrap draws: the same fit on resampled runs, all resamples descending together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.fits.descent import descend
from analysis.fits.problem import Problem
from analysis.fits.watch import NOBODY, Watch
from analysis.laws.law import Law

HELD_COUNTS = 4_000_000  # of runs in resamples, held at once: about 100 MB


@dataclass(frozen=True)
class Draws:
    """Bootstrap draws of a law's parameters: `values` maps each symbol, fixed ones too, to B numbers."""

    law: Law
    values: dict[str, np.ndarray]

    def __len__(self) -> int:
        return max((len(numbers) for numbers in self.values.values()), default=0)

    def intervals(self, share: float = 0.95) -> dict[str, tuple[float, float]]:
        """The central interval of every parameter that varies."""
        quantiles = [(1 - share) / 2, (1 + share) / 2]
        ends = {name: np.quantile(numbers, quantiles) for name, numbers in self.values.items() if len(numbers) > 1}
        return {name: (float(low), float(high)) for name, (low, high) in ends.items() if low < high}

    def predict(self, x: pd.DataFrame) -> np.ndarray:
        """The predicted target (B, n) of each row of `x` under each draw."""
        problem = Problem(self.law, x.assign(**{self.law.target: 1.0}), self.values, logs=False)
        if problem.names:
            raise ValueError(f"the draws hold no {', '.join(problem.names)}")
        residuals, _ = problem(np.zeros((len(self), 0)), np.arange(len(self)))
        return residuals + 1.0

    def band(self, x: pd.DataFrame, share: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper predicted target of each row of `x` over the draws."""
        low, high = np.quantile(self.predict(x), [(1 - share) / 2, (1 + share) / 2], axis=0)
        return low, high


def resample(
    problem: Problem,
    best: np.ndarray,
    delta: float,
    draws: int,
    rng: np.random.Generator,
    weights: np.ndarray | None = None,
    watch: Watch = NOBODY,
) -> Draws:
    """Draws of the free parameters over `draws` resamples of the problem's runs; `best` (P,) is their optimum, in
    search coordinates, and `weights` (n,) what each run counts.

    Runs of one block are drawn together. Every resample starts at the optimum of the full runs. A problem whose fixed
    values are arrays of `draws` numbers uses one of them per resample.
    """
    runs, blocks, ends = len(problem.target), problem.blocks.max() + 1, []
    size = max(1, HELD_COUNTS // runs)
    for first in range(0, draws, size):
        number = min(size, draws - first)
        drawn = rng.multinomial(blocks, np.full(blocks, 1 / blocks), number)[:, problem.blocks]
        counts = drawn * (1.0 if weights is None else weights)
        end = descend(
            problem.part(slice(first, first + number)),
            np.tile(best, (number, 1)),
            counts,
            delta,
            problem.low,
            problem.high,
            tolerance=1e-7,
            watch=watch.of("bootstrap", (first / draws, (first + number) / draws)),
        )
        ends.append(problem.values(end.theta))
    return Draws(problem.law, dict(zip(problem.names, np.concatenate(ends).T, strict=True)))
