"""Compute-optimal sizes: the N and D that reach the lowest loss for a training budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis.laws.flops import TRAINING_FLOPS_PER_PARAM_TOKEN
from analysis.laws.law import Law

LOWEST, HIGHEST = float(np.log(1e5)), float(np.log(1e14))  # of log N
GRID = 1200  # sizes tried per budget, in steps of 1.7% or less
FINE = 41  # sizes tried around the best of them, then refined by a parabola


def compute_optimal(
    law: Law, values: Mapping[str, float], flops: np.ndarray, speedup: Callable[[np.ndarray], np.ndarray] = np.ones_like
) -> pd.DataFrame:
    """One row per budget: flops, n_params, n_tokens, loss, with 6 N D = speedup(N) * flops.

    `flops` (k,) are at the speed of the reference; `speedup` gives that of the scheme at each model size.
    """
    flops = np.asarray(flops, dtype=float)

    def cost(log_n: np.ndarray) -> np.ndarray:
        return _loss(law, values, log_n, flops[:, None] * speedup(np.exp(log_n)))

    best, loss = least(cost, len(flops))
    n_params = np.exp(best)
    n_tokens = flops * speedup(n_params) / (TRAINING_FLOPS_PER_PARAM_TOKEN * n_params)
    return pd.DataFrame({"flops": flops, "n_params": n_params, "n_tokens": n_tokens, "loss": loss})


def least(
    cost: Callable[[np.ndarray], np.ndarray], count: int, high: np.ndarray | float = HIGHEST
) -> tuple[np.ndarray, np.ndarray]:
    """Where each of `count` costs over log N is the lowest, up to log N = `high`, and what it is there, (count,) each.

    `cost` of (count or 1, k) log sizes is (count, k), infinite where a size is not possible; of sizes of 1e5
    parameters on.
    """
    rows = np.arange(count)
    high = np.broadcast_to(np.asarray(high, float), count)[:, None]
    width = (high - LOWEST) / (GRID - 1)
    coarse = LOWEST + width * np.arange(GRID)
    own = cost(coarse)
    middle = coarse[rows, np.clip(own.argmin(1), 1, GRID - 2)]
    fine = middle[:, None] + np.linspace(-1, 1, FINE) * width
    own = cost(fine)
    best = np.clip(own.argmin(1), 1, FINE - 2)
    left, lowest, right = (own[rows, best + shift] for shift in (-1, 0, 1))
    with np.errstate(invalid="ignore"):  # infinite neighbours: no parabola
        curvature = left - 2 * lowest + right
        bent = np.isfinite(curvature) & (curvature > 0)
        shift = np.where(bent, 0.5 * (left - right) / np.where(bent, curvature, 1.0), 0.0)
    refined = fine[rows, best] + np.clip(shift, -1, 1) * (fine[rows, 1] - fine[rows, 0])
    tried = np.stack([refined, fine[rows, own.argmin(1)]], axis=1)  # the latter where the lowest is at the end
    own = cost(tried)
    chosen = own.argmin(1)
    return tried[rows, chosen], own[rows, chosen]


def _loss(law: Law, values: Mapping[str, float], log_n: np.ndarray, work: np.ndarray) -> np.ndarray:
    n_params = np.exp(log_n)
    return law.evaluate(values, {"n_params": n_params, "n_tokens": work / (TRAINING_FLOPS_PER_PARAM_TOKEN * n_params)})
