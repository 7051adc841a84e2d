"""What to run next: the runs that a budget buys and that shrink the variance of a chosen prediction the most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.fits.fitting import Fit
from analysis.fits.optimum import Optimum, optimum
from analysis.fits.problem import Problem
from analysis.laws.flops import training_flops
from analysis.laws.param import is_baseline

GRID = 24  # sizes and token counts tried on each axis
THRIFT = (0.0, 0.5, 1.0)  # a run is taken for its gain over cost to one of these powers; the best design is kept
RANDOM = 200  # random designs that the proposal is compared with


@dataclass(frozen=True)
class Design:
    """Proposed runs (the law's inputs, flops of one and `repeats`, with other seeds) and what they do to a prediction.

    `before` and `after` are standard deviations of the prediction, relative where the fit compared logs; `random` is
    the median `after` of random designs of the same budget; `spent` in FLOPs.
    """

    runs: pd.DataFrame
    before: float
    after: float
    random: float
    spent: float

    @property
    def shrinkage(self) -> float:
        """The share of the standard deviation that the runs take away."""
        return 1 - self.after / self.before


def next_runs(
    found: Fit,
    runs: pd.DataFrame,
    target: pd.DataFrame,
    budget_flops: float,
    count: int = 6,
    candidates: pd.DataFrame | None = None,
    seed: int = 0,
) -> Design:
    """The at most `count` runs within a total budget [FLOPs] that shrink the variance of the prediction of `target`.

    `runs` are those of the fit, `target` is one row of the law's inputs, `candidates` those that may be proposed
    (see `grid_of`). Runs are taken one at a time, each the best given those before, then exchanged while that helps.
    Each is expected to scatter around the law as the present runs do. Raises ValueError when nothing is affordable,
    or when the law has no size and data to choose.
    Source: c-optimal design by Fedorov exchange, Atkinson, Donev and Tobias 2007, sections 10.2 and 12.3.
    """
    own = optimum(found, runs)
    candidates = grid_of(found, runs, target=target) if candidates is None else candidates
    cost = training_flops(candidates["n_params"].to_numpy(float), candidates["n_tokens"].to_numpy(float))
    affordable = np.flatnonzero(cost <= budget_flops)
    if not len(affordable):
        raise ValueError(f"{budget_flops:.3g} FLOPs buy none of the runs; the cheapest costs {cost.min():.3g}")
    candidates, cost = candidates.iloc[affordable], cost[affordable]
    slopes = slopes_of(own, found, candidates) / np.sqrt(max(own.noise.variance, 1e-40))
    toward = slopes_of(own, found, target.iloc[:1])[0]
    start = own.covariance
    search = _Search(slopes, toward, cost, budget_flops, count)
    designs = [search.exchanged(start, search.greedy(start, thrift)) for thrift in THRIFT]
    best = min(designs, key=lambda rows: search.variance(start, rows))
    rng = np.random.default_rng(seed)
    others = [search.variance(start, search.random(rng)) for _ in range(RANDOM)]
    rows, repeats = np.unique(best, return_counts=True)
    proposed = candidates.iloc[rows].assign(flops=cost[rows], repeats=repeats).sort_values("flops", ignore_index=True)
    before, after = search.variance(start, []), search.variance(start, best)
    return Design(proposed, np.sqrt(before), np.sqrt(after), float(np.sqrt(np.median(others))), float(cost[best].sum()))


def grid_of(found: Fit, runs: pd.DataFrame, beyond: float = 1.0, target: pd.DataFrame | None = None) -> pd.DataFrame:
    """Sizes and token counts that may be run: a log grid over the span of the runs, times `beyond` at the top.

    Tokens per parameter stay within those of the runs, where the law is known to hold. Every combination of the law's
    other inputs that the runs have (formats, bits) is offered at every size; with a `target`, only its own formats
    and the baseline of each pass: a run in a third format would serve a prediction that is not asked for.
    Raises ValueError for a law without n_params and n_tokens.
    """
    if not {"n_params", "n_tokens"} <= set(found.law.inputs):
        raise ValueError(f"law {found.law.name} does not predict from sizes and tokens; nothing can be proposed")
    ends = {name: (runs[name].min(), runs[name].max() * beyond) for name in ("n_params", "n_tokens")}
    sizes, tokens = (np.geomspace(*ends[name], GRID) for name in ("n_params", "n_tokens"))
    n_params, n_tokens = (axis.ravel() for axis in np.meshgrid(sizes, tokens))
    ratio, known = n_tokens / n_params, runs["n_tokens"] / runs["n_params"]
    inside = (ratio >= known.min()) & (ratio <= known.max())
    plain = pd.DataFrame({"n_params": n_params[inside], "n_tokens": n_tokens[inside]})
    others = [name for name in found.law.inputs if name in runs and name not in plain]
    kinds = runs[others].drop_duplicates() if others else pd.DataFrame(index=[0])
    for param in found.law.groups if target is not None else ():
        if param.per in kinds and target is not None and param.per in target:
            own = str(target[param.per].iloc[0])
            kinds = kinds[[is_baseline(param, name) or str(name) == own for name in kinds[param.per]]]
    return plain.merge(kinds, how="cross")


def slopes_of(own: Optimum, found: Fit, x: pd.DataFrame) -> np.ndarray:
    """The slopes (n, P) of the prediction of each row of `x`, in its log where the fit compared logs."""
    fixed = {name: value for name, value in found.values.items() if name not in found.free}
    law = found.law
    problem = Problem(law, x.assign(**{law.target: 1.0}), fixed, own.problem.logs)
    at = {name: i for i, name in enumerate(own.problem.names)}
    if unknown := [name for name in problem.names if name not in at]:
        raise ValueError(f"the fit holds no {', '.join(unknown)}; choose formats that its runs have")
    columns = [at[name] for name in problem.names]
    slopes = np.zeros((len(x), len(at)))
    slopes[:, columns] = problem(own.theta[None, columns], np.zeros(1, int))[1][0]
    return slopes


@dataclass(frozen=True)
class _Search:
    """Candidates: `slopes` (m, P) over the noise and `cost` (m,); a direction `toward` (P,); what to stay within."""

    slopes: np.ndarray
    toward: np.ndarray
    cost: np.ndarray
    budget: float
    count: int

    def variance(self, covariance: np.ndarray, rows: list[int]) -> float:
        """The variance of the prediction after the runs `rows`."""
        return float(self.toward @ self.after(covariance, rows) @ self.toward)

    def after(self, covariance: np.ndarray, rows: list[int]) -> np.ndarray:
        """The covariance (P, P) after the runs `rows`, each a rank-one update."""
        for row in rows:
            moved = covariance @ self.slopes[row]
            covariance = covariance - np.outer(moved, moved) / (1 + self.slopes[row] @ moved)
        return covariance

    def gains(self, covariance: np.ndarray) -> np.ndarray:
        """How much of the variance of the prediction each candidate alone takes away (m,)."""
        moved = self.slopes @ covariance
        return (moved @ self.toward) ** 2 / (1 + np.einsum("mp,mp->m", moved, self.slopes))

    def _taken(self, covariance: np.ndarray, score: Callable[[np.ndarray], np.ndarray]) -> list[int]:
        rows: list[int] = []
        left = self.budget
        while len(rows) < self.count and np.any(self.cost <= left):
            worth = np.where(self.cost <= left, score(self.gains(covariance)), -np.inf)
            rows.append(int(np.argmax(worth)))
            covariance = self.after(covariance, rows[-1:])
            left -= self.cost[rows[-1]]
        return rows

    def greedy(self, covariance: np.ndarray, thrift: float) -> list[int]:
        """Runs one at a time, each with the largest gain over cost to the power `thrift`."""
        return self._taken(covariance, lambda gains: gains / self.cost**thrift)

    def random(self, rng: np.random.Generator) -> list[int]:
        """Runs drawn evenly from the affordable ones."""
        return self._taken(np.zeros((len(self.toward),) * 2), lambda gains: rng.random(len(gains)))

    def exchanged(self, covariance: np.ndarray, rows: list[int], rounds: int = 10) -> list[int]:
        """The design after single exchanges within the budget, as long as one lowers the variance."""
        rows = list(rows)
        for _ in range(rounds):
            before = self.variance(covariance, rows)
            for i in range(len(rows)):
                rest = rows[:i] + rows[i + 1 :]
                left = self.budget - self.cost[rest].sum()
                gains = np.where(self.cost <= left, self.gains(self.after(covariance, rest)), -np.inf)
                rows[i] = int(np.argmax(gains))
            if self.variance(covariance, rows) > before * (1 - 1e-6):
                return rows
        return rows
