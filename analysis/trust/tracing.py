"""Refits with one parameter held, outward from an optimum on both sides of every parameter, as one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.fits.descent import descend
from analysis.fits.optimum import Optimum
from analysis.fits.problem import Problem

REFINED = 4  # points added between the last one inside the interval and the first one outside
FAR = 3.0  # times the rise at which the interval ends
REPAIRS = 8  # rounds in which points start again from where their neighbours ended


@dataclass(frozen=True)
class Side:
    """One side of a profile: where its parameter was held (K,), outward, and the rise of the objective there."""

    held: np.ndarray
    rise: np.ndarray

    def crossing(self, start: float, end: float) -> tuple[float, bool]:
        """Where the rise first reaches `end`, outward from the optimum at `start`, and whether it never does."""
        held = np.r_[start, self.held]
        root = np.sqrt(np.maximum(np.r_[0.0, self.rise], 0.0))
        outside = np.flatnonzero(root > np.sqrt(end))
        if not len(outside):
            return float(held[-1]), True
        j = int(outside[0])
        step = (np.sqrt(end) - root[j - 1]) / (root[j] - root[j - 1]) if np.isfinite(root[j]) else 0.0
        return float(held[j - 1] + step * (held[j] - held[j - 1])), False


@dataclass
class Trace:
    """Held values (R, K), `which` parameter each row holds (R,), downward and upward in turn, and the best refits."""

    own: Optimum
    which: np.ndarray
    held: np.ndarray
    theta: np.ndarray
    rise: np.ndarray

    def side(self, row: int) -> Side:
        """One side, outward."""
        return Side(self.held[row], self.rise[row])


def traced(own: Optimum, parameters: Sequence[int], offsets: np.ndarray, beyond: int, end: float) -> Trace:
    """The refits with each of `parameters` held, on rows 2i (downward) and 2i + 1 (upward) for the i-th.

    At `offsets` standard deviations and on to the bounds, denser where the rise passes `end`.
    """
    which = np.repeat(np.asarray(parameters, int), 2)
    held = np.array([_outward(own, k, 1 if row % 2 else -1, offsets, beyond) for row, k in enumerate(which)])
    slopes = own.covariance / np.maximum(np.diag(own.covariance), 1e-300)
    away = held - own.theta[which][:, None]
    expected = own.theta + slopes[which][:, None, :] * away[:, :, None]
    trace = Trace(own, which, held, np.tile(own.theta, (*held.shape, 1)), np.full(held.shape, np.inf))
    _improve(trace, np.stack([trace.theta, expected]), np.ones(held.shape, bool), 0.0)
    _repair(trace, end)
    _refine(trace, end)
    _repair(trace, end)
    return trace


def _outward(own: Optimum, k: int, sign: int, offsets: np.ndarray, beyond: int) -> np.ndarray:
    room = abs((own.problem.high if sign > 0 else own.problem.low)[k] - own.theta[k])
    near = np.minimum(offsets * max(float(np.sqrt(own.covariance[k, k])), 1e-9), room)
    return own.theta[k] + sign * np.r_[near, np.linspace(near[-1], room, beyond + 1)[1:]]


def _refine(trace: Trace, end: float) -> None:
    """Adds points between the last one inside and the first one outside of every side, and refits there."""
    share = np.arange(1, REFINED + 1)[:, None] / (REFINED + 1)
    rows, points = trace.held.shape
    held, theta = np.empty((rows, REFINED)), np.empty((rows, REFINED, trace.own.free))
    for row in range(rows):
        outside = np.flatnonzero(trace.rise[row] > end)
        j = int(outside[0]) if len(outside) else points - 1
        at = np.r_[trace.own.theta[trace.which[row]], trace.held[row]]
        ends = np.concatenate([trace.own.theta[None], trace.theta[row]])
        held[row] = (at[j] + share * (at[j + 1] - at[j]))[:, 0]
        theta[row] = ends[j] + share * (ends[j + 1] - ends[j])
    all_held = np.concatenate([trace.held, held], 1)
    order = np.argsort(np.abs(all_held - trace.own.theta[trace.which][:, None]), axis=1, kind="stable")
    trace.held = np.take_along_axis(all_held, order, 1)
    trace.theta = np.take_along_axis(np.concatenate([trace.theta, theta], 1), order[:, :, None], 1)
    trace.rise = np.take_along_axis(np.concatenate([trace.rise, np.full(held.shape, np.inf)], 1), order, 1)
    _improve(trace, trace.theta[None], np.isinf(trace.rise), 0.0)


def _repair(trace: Trace, end: float) -> None:
    """Starts points again from where their neighbours ended, as long as that lowers any of them.

    Points further out than one well outside the interval are left as they are.
    """
    todo = np.ones(trace.held.shape, bool)
    for _ in range(REPAIRS):
        todo[:, 1:] &= trace.rise[:, :-1] < FAR * end
        gained = _improve(trace, _from_neighbours(trace), todo, 1e-3 * end)
        todo = gained.copy()
        todo[:, 1:] |= gained[:, :-1]
        todo[:, :-1] |= gained[:, 1:]
        if not gained.any():
            return


def _from_neighbours(trace: Trace) -> np.ndarray:
    """Starts (3, R, K, P): the ends of the inner and of the outer neighbour, and the line on from the two inner."""
    rows, _ = trace.held.shape
    centre = trace.own.theta
    ends = np.concatenate([np.tile(centre, (rows, 2, 1)), trace.theta, trace.theta[:, -1:]], 1)
    at = np.concatenate([np.tile(centre[trace.which][:, None], (1, 2)), trace.held], 1)
    step, last = at[:, 2:] - at[:, 1:-1], at[:, 1:-1] - at[:, :-2]
    ratio = np.divide(step, last, out=np.zeros_like(step), where=last != 0)
    inner, second, outer = ends[:, 1:-2], ends[:, :-3], ends[:, 3:]
    return np.stack([inner, outer, inner + np.clip(ratio, -3, 3)[:, :, None] * (inner - second)])


def _improve(trace: Trace, starts: np.ndarray, todo: np.ndarray, least: float) -> np.ndarray:
    """Descends from `starts` (k, R, K, P) at the points `todo` (R, K); which of them fell by more than `least`."""
    own = trace.own
    which = trace.which[:, None] * np.ones(trace.held.shape, int)
    start, held, tries = starts[:, todo], which[todo], len(starts)
    start[:, np.arange(len(held)), held] = trace.held[todo]
    model = _Holding(own.problem, np.tile(held, tries))
    weights = np.ones(len(own.residuals))
    flat = start.reshape(-1, own.free)
    end = descend(model, flat, weights, own.delta, own.problem.low, own.problem.high, tolerance=1e-9)
    best = end.objective.reshape(tries, -1).argmin(0) * len(held) + np.arange(len(held))
    lower = end.objective[best] - own.objective < trace.rise[todo] - least
    gained = np.zeros(todo.shape, bool)
    gained[todo] = lower
    trace.theta[gained] = end.theta[best[lower]]
    trace.rise[gained] = end.objective[best[lower]] - own.objective
    return gained


class _Holding:
    """The problem with parameter `which[row]` of each row of the batch held: nothing slopes along it."""

    def __init__(self, problem: Problem, which: np.ndarray):
        self.problem, self.which, self.cells = problem, which, problem.cells

    def __call__(self, theta: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        residuals, jacobian = self.problem(theta, rows)
        jacobian[np.arange(len(theta)), :, self.which[rows]] = 0.0
        return residuals, jacobian
