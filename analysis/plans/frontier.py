"""Compute-optimal sizes: the N and D that reach the lowest loss for a training budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis.laws.flops import TRAINING_FLOPS_PER_PARAM_TOKEN
from analysis.laws.law import Law

LOWEST, HIGHEST = float(np.log(1e5)), float(np.log(1e14))  # of log N
# Sizes tried per budget: over the whole span in steps of 9% or less, then twice around the best of those before, at
# last in steps of 0.14%, refined by a parabola.
GRID, FINER = 240, (17, 17)


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
    tried = LOWEST + width * np.arange(GRID)
    own = cost(tried)
    for size in FINER:
        middle = np.broadcast_to(tried, own.shape)[rows, np.clip(own.argmin(1), 1, tried.shape[1] - 2)]
        tried = middle[:, None] + np.linspace(-1, 1, size) * width
        width = 2 * width / (size - 1)
        own = cost(tried)
    best = np.clip(own.argmin(1), 1, tried.shape[1] - 2)
    left, lowest, right = (own[rows, best + shift] for shift in (-1, 0, 1))
    with np.errstate(invalid="ignore"):  # infinite neighbours: no parabola
        curvature = left - 2 * lowest + right
        bent = np.isfinite(curvature) & (curvature > 0)
        shift = np.where(bent, 0.5 * (left - right) / np.where(bent, curvature, 1.0), 0.0)
    refined = tried[rows, best] + np.clip(shift, -1, 1) * width[:, 0]
    ends = np.stack([refined, tried[rows, own.argmin(1)]], axis=1)  # the latter where the lowest is at the end
    own = cost(ends)
    chosen = own.argmin(1)
    return ends[rows, chosen], own[rows, chosen]


def _loss(law: Law, values: Mapping[str, float], log_n: np.ndarray, work: np.ndarray) -> np.ndarray:
    n_params = np.exp(log_n)
    return law.evaluate(values, {"n_params": n_params, "n_tokens": work / (TRAINING_FLOPS_PER_PARAM_TOKEN * n_params)})
