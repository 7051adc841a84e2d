"""Compute-optimal sizes: the N and D that reach the lowest loss for a training budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis.flops import TRAINING_FLOPS_PER_PARAM_TOKEN
from analysis.laws.law import Law

GRID = 1200  # sizes tried per budget, 1e5 to 1e14 parameters: steps of 1.7%
FINE = 41  # sizes tried around the best of them, then refined by a parabola


def compute_optimal(
    law: Law, values: Mapping[str, float], flops: np.ndarray, speedup: Callable[[np.ndarray], np.ndarray] = np.ones_like
) -> pd.DataFrame:
    """One row per budget: flops, n_params, n_tokens, loss, with 6 N D = speedup(N) * flops.

    `flops` (k,) are at the speed of the reference; `speedup` gives that of the scheme at each model size.
    """
    flops = np.asarray(flops, dtype=float)
    rows = np.arange(len(flops))

    def best_of(log_n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cost = _loss(law, values, log_n, flops[:, None] * speedup(np.exp(log_n)))
        return cost, np.clip(cost.argmin(1), 1, log_n.shape[1] - 2)

    coarse = np.linspace(np.log(1e5), np.log(1e14), GRID)
    middle = coarse[best_of(coarse[None, :])[1]]
    fine = middle[:, None] + np.linspace(-1, 1, FINE) * (coarse[1] - coarse[0])
    cost, best = best_of(fine)
    left, lowest, right = (cost[rows, best + shift] for shift in (-1, 0, 1))
    curvature = left - 2 * lowest + right
    shift = np.where(curvature > 0, 0.5 * (left - right) / np.where(curvature > 0, curvature, 1.0), 0.0)
    refined = fine[rows, best] + np.clip(shift, -1, 1) * (fine[0, 1] - fine[0, 0])
    n_params = np.exp(refined)
    work = flops * speedup(n_params)
    n_tokens = work / (TRAINING_FLOPS_PER_PARAM_TOKEN * n_params)
    loss = _loss(law, values, refined, work)
    return pd.DataFrame({"flops": flops, "n_params": n_params, "n_tokens": n_tokens, "loss": loss})


def _loss(law: Law, values: Mapping[str, float], log_n: np.ndarray, work: np.ndarray) -> np.ndarray:
    n_params = np.exp(log_n)
    return law.evaluate(values, {"n_params": n_params, "n_tokens": work / (TRAINING_FLOPS_PER_PARAM_TOKEN * n_params)})
