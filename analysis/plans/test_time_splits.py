"""How samples are best split: between problems by difficulty, solutions and verifications, configurations."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import least_squares
from scipy.special import bdtrc, betainc

from analysis.laws.resampling import Problems, answered

EDGES = np.r_[0.0, np.geomspace(1e-7, 0.999, 400), 1.0]  # of pass rates: a bin is a difficulty
HALVINGS = 200
SPAN = np.geomspace(1.0, 1e4, 13)  # samples at which a distribution of pass rates meets a coverage curve


def problems_of(coverage: np.ndarray, samples: np.ndarray) -> tuple[Problems, float]:
    """Problems whose coverage is nearest, by ratio, to `coverage` (k,) at `samples` (k,), and the largest distance.

    Pass rates follow a beta distribution: coverage(k) = 1 - E[(1 - p)^k]. That a heavy tail of hard problems makes
    coverage a power law: Schaeffer et al. 2025, arXiv 2502.17578.
    """
    coverage, samples = np.asarray(coverage, float), np.asarray(samples, float)

    def off(logs: np.ndarray) -> np.ndarray:
        return np.log(_covered(_binned(*np.exp(logs)), samples) / coverage)

    starts = [np.log([a, b]) for a in (0.05, 0.3, 1.0) for b in (0.3, 2.0, 20.0)]
    found = min((least_squares(off, start, bounds=(-9, 9)) for start in starts), key=lambda fit: fit.cost)
    return _binned(*np.exp(found.x)), float(np.abs(coverage * np.expm1(found.fun)).max())


def _binned(first: float, second: float) -> Problems:
    shares = np.diff(betainc(first, second, EDGES))
    return Problems(np.sqrt(np.maximum(EDGES[:-1], 1e-9) * EDGES[1:]), np.maximum(shares, 0.0))


def _covered(problems: Problems, samples: np.ndarray) -> np.ndarray:
    return problems.mean(-np.expm1(samples * np.log1p(-np.minimum(problems.pass_rates, 1 - 1e-12))[:, None]))


def uniform_coverage(problems: Problems, samples: np.ndarray | float) -> np.ndarray:
    """The share of problems solved when each gets that many samples, (k,)."""
    return _covered(problems, np.atleast_1d(np.asarray(samples, float)))


def adaptive_samples(problems: Problems, mean_samples: float) -> np.ndarray:
    """Samples for each difficulty (m,), as real numbers, `mean_samples` on average, that solve the most problems.

    The difficulty is known: samples go where they add most, until -log(1 - p) (1 - p)^k is the same for all that get
    any.
    """
    p, weights = problems.pass_rates, problems.shares / problems.shares.sum()
    low, high = np.log(1e-300), float(_log_gain(p).max())
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if weights @ _drawn(p, middle) > mean_samples else (low, middle)
    return _drawn(p, high)


def _drawn(p: np.ndarray, log_gain: float) -> np.ndarray:
    """Samples after which further ones add exp(log_gain) each."""
    return np.maximum((_log_gain(p) - log_gain) / -np.log1p(-np.minimum(p, 1 - 1e-12)), 0.0)


def _log_gain(p: np.ndarray) -> np.ndarray:
    """The log of what the first samples add each: the slope of 1 - (1 - p)^k at 0."""
    return np.log(-np.log1p(-np.minimum(p, 1 - 1e-12)))


def adaptive_coverage(problems: Problems, mean_samples: float) -> float:
    """The share of problems solved with `mean_samples` on average, split as `adaptive_samples` does."""
    drawn = adaptive_samples(problems, mean_samples)
    missed = np.exp(drawn * np.log1p(-np.minimum(problems.pass_rates, 1 - 1e-12)))
    return float(problems.mean(1 - missed))


def adaptive_saving(problems: Problems, mean_samples: float) -> float:
    """How many times fewer samples an adaptive split needs for what `mean_samples` for each problem solve."""
    goal = float(uniform_coverage(problems, mean_samples)[0])
    low, high = np.log(mean_samples) - 20.0, np.log(mean_samples)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if adaptive_coverage(problems, float(np.exp(middle))) >= goal else (middle, high)
    return float(mean_samples / np.exp(high))


def votes(rate: float, count: np.ndarray | int) -> np.ndarray:
    """The chance that most of `count` independent verdicts, an odd number, accept what one accepts with `rate`."""
    count = np.asarray(count)
    return bdtrc(count // 2, count, rate)


def verification_splits(
    problems: Problems, false_positive: float, true_positive: float, cost: float, budget: float, most: int = 33
) -> pd.DataFrame:
    """What a budget, counted in solutions, answers rightly by how it is split: verifications (odd), solutions, right,
    wrong, best.

    A solution with V verifications costs 1 + `cost` V; the first one that most of them accept is the answer. Without
    any, the first solution is the answer. Cost unit: Singhi et al. 2025 (genrm_vs_sc_2025).
    """
    rows = []
    for count in (0, *range(1, most + 1, 2)):
        solutions = np.floor(budget / (1 + cost * count))
        if solutions < 1:
            break
        wrongly, rightly = (votes(rate, count) for rate in (false_positive, true_positive)) if count else (1.0, 1.0)
        right, wrong = answered(problems, float(wrongly), np.array([solutions]), float(rightly))
        rows.append((count, solutions, right[0], wrong[0]))
    table = pd.DataFrame(rows, columns=["verifications", "solutions", "right", "wrong"])
    return table.assign(best=table["right"] == table["right"].max())


def mixed_allocation(pass_rates: np.ndarray, costs: np.ndarray, budget: float) -> tuple[np.ndarray, float]:
    """Samples of each configuration (c,) within a budget for every problem, and the coverage that they reach.

    `pass_rates` is (c, m) by configuration and problem, `costs` (c,) of a sample. One sample at a time goes where it
    adds most for its cost. Source: Zhang et al. 2024 (osca_2024) climb such a hill.
    """
    rates, costs = np.asarray(pass_rates, float), np.asarray(costs, float)
    samples, missed, left = np.zeros(len(costs)), np.ones(rates.shape[1]), budget
    while (affordable := costs <= left * (1 + 1e-12)).any():
        gains = np.where(affordable, (rates @ missed) / costs, -1.0)
        best = int(np.argmax(gains))
        if gains[best] <= 0:
            break
        samples[best] += 1
        missed = missed * (1 - rates[best])
        left -= costs[best]
    return samples, float(1 - missed.mean())


def single_allocations(pass_rates: np.ndarray, costs: np.ndarray, budget: float) -> np.ndarray:
    """The coverage (c,) that each configuration reaches alone within the budget."""
    rates = np.asarray(pass_rates, float)
    samples = np.floor(budget / np.asarray(costs, float) * (1 + 1e-12))
    return (1 - (1 - rates) ** samples[:, None]).mean(axis=1)
