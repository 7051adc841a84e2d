"""The global search of a fit: many starts race, the best are followed until no step promises anything."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.descent import descend
from analysis.problem import Problem
from analysis.watch import NOBODY, Watch

SAME = 1e-4  # objectives that differ by less, as a share, are the same optimum
POLISHED = 8  # of the best, where the best is still creeping along a flat valley
PATIENCE = 3000  # iterations for them


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
    end = descend(problem, starts, *settings, race=True, watch=watch)
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
