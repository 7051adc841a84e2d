"""The global search of a fit: many starts race, the best are followed until no step promises anything.

The first rounds of a large field run on a sample of the runs, since a rough objective tells who is far behind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.fits.descent import descend
from analysis.fits.problem import Problem
from analysis.fits.race import FINALISTS, iterations_to
from analysis.fits.watch import NOBODY, Watch

SAME = 1e-4  # objectives that differ by less, as a share, are the same optimum
POLISHED = 8  # of the best, where the best is still creeping along a flat valley
PATIENCE = 3000  # iterations for them
QUALIFIED = 4 * FINALISTS  # starts that go on from the rounds on a sample
SHARE = 4  # one run in so many is in the sample
ENOUGH = 10  # runs in it for every free parameter, or there is no such sample


@dataclass(frozen=True)
class Found:
    """The best search coordinates `theta` (P,), their objective, and the share of starts that ended there."""

    theta: np.ndarray
    objective: float
    agreement: float


def search(problem: Problem, starts: np.ndarray, weights: np.ndarray, delta: float, watch: Watch = NOBODY) -> Found:
    """The lowest minimum of the weighted Huber objective reached from `starts` (S, P).

    The agreement counts the starts that the race followed to the end, which are all of up to 64.
    Raises ValueError when the runs are so far from the law that no start has a finite objective.
    """
    settings = (weights, delta, problem.low, problem.high)
    qualified = _qualified(problem, starts, weights, delta, watch.of(watch.stage, (0.0, 0.5)))
    final = watch.of(watch.stage, (0.0 if len(qualified) == len(starts) else 0.5, 1.0))
    end = descend(problem, qualified, *settings, places=FINALISTS, watch=final)
    theta, objective = end.theta, end.objective
    best = int(np.argmin(objective))
    if not np.isfinite(objective[best]):
        raise ValueError("no start has a finite objective; look for sizes, tokens or losses that no run can have")
    if not end.settled[best]:
        leaders = np.argsort(objective)[:POLISHED]
        unseen = replace(watch, on_progress=None)
        last = descend(problem, theta[leaders], *settings, iterations=PATIENCE, watch=unseen)
        theta[leaders], objective[leaders] = last.theta, last.objective
        best = int(np.argmin(objective))
    reached = objective[end.followed] <= objective[best] * (1 + SAME)
    return Found(theta[best], float(objective[best]), float(reached.mean()))


def _qualified(problem: Problem, starts: np.ndarray, weights: np.ndarray, delta: float, watch: Watch) -> np.ndarray:
    """The starts as far as a race for QUALIFIED places on a sample of the runs takes them; all if they are few."""
    counted = np.flatnonzero(weights)
    runs = counted[np.argsort(problem.target[counted], kind="stable")[SHARE // 2 :: SHARE]]  # from low and high alike
    sample = problem.sample(runs)
    if len(starts) <= QUALIFIED or len(runs) < ENOUGH * len(problem.names) or sample is None:
        return starts
    rounds = iterations_to(QUALIFIED, len(starts))
    settings = (weights[runs], delta, problem.low, problem.high)
    end = descend(sample, starts, *settings, iterations=rounds, places=QUALIFIED, watch=watch)
    return end.theta[end.followed] if end.followed.any() else starts


def blind_directions(problem: Problem, theta: np.ndarray) -> tuple[str, ...]:
    """The free parameters that can move together from the optimum `theta` (P,) with no run noticing."""
    if not problem.names:
        return ()
    jacobian = np.clip(np.nan_to_num(problem(theta[None], np.zeros(1, int))[1][0]), -1e150, 1e150)
    scaled = jacobian / np.maximum(np.linalg.norm(jacobian, axis=0), 1e-300)
    _, strengths, directions = np.linalg.svd(scaled, full_matrices=True)
    strengths = np.pad(strengths, (0, len(theta) - len(strengths)))
    hidden = directions[strengths < 1e-7 * strengths[0]]
    return tuple(name for i, name in enumerate(problem.names) if np.any(np.abs(hidden[:, i]) > 1e-3))
