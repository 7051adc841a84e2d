"""Many robust fits at once: a damped Newton descent on the Huber objective, batched over starts or resamples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import cpu_count
from typing import Any

import numpy as np

from analysis.fits.newton import Model, Places, Task, huber
from analysis.fits.race import in_the_lead
from analysis.fits.watch import NOBODY, Watch

__all__ = ["Descent", "Model", "descend", "huber"]

BLOCK_CELLS = 49_152  # predictions made at once: fewer are soon made but wait for the interpreter, more leave the cache
HELD_NUMBERS = 8_000_000  # of gradients and Hessians held at once: about 64 MB
MOST_THREADS = 4  # more would only wait for the interpreter between NumPy's loops
FIRST_DAMPING, EASED, RAISED = 10.0, 0.5, 4.0
LEAST_DAMPING, MOST_DAMPING = 1e-7, 1e6  # where steps as short as the most makes them do not descend, none does
LARGEST_DELTA = 1e150  # stands for none: larger residuals have no square


@dataclass(frozen=True)
class Descent:
    """Where a batch ended: `theta` (S, P), `objective` (S,), which rows were `followed` to the last iteration (S,)
    and which of those `settled` before it (S,)."""

    theta: np.ndarray
    objective: np.ndarray
    followed: np.ndarray
    settled: np.ndarray


def descend(
    model: Model,
    start: np.ndarray,
    weights: np.ndarray,
    delta: float,
    low: np.ndarray,
    high: np.ndarray,
    iterations: int = 200,
    tolerance: float = 1e-12,
    places: int | None = None,
    watch: Watch = NOBODY,
) -> Descent:
    """The minima of sum(weights * Huber(residuals)) reached from each row of `start` (S, P).

    `model(theta, rows)` gives residuals (S, n) and their Jacobian (S, n, P) for rows `rows` of the batch, NaN where
    it has no value; its `cells`, if it has them, say how many numbers a row needs on the way. `weights` is (S, n) or
    (n,), in the same unit as counts of runs; theta stays within `low`..`high` (P,). A row ends when its steps promise
    less than `tolerance` of its objective.
    With `places` the rows race: only the lowest minimum counts, and down to that many places the rows far behind are
    not followed (see analysis.fits.race).
    Blocks of rows run on a few threads; results do not depend on how many. Raises Cancelled when the `watch` does.
    """
    weights = np.broadcast_to(weights, (len(start), weights.shape[-1]))
    task = Task(model, weights, min(delta, LARGEST_DELTA), low, high)
    size = max(1, HELD_NUMBERS // (2 + 2 * start.shape[1] + 2 * start.shape[1] ** 2))
    pool = ThreadPoolExecutor(_threads())
    try:
        ends = [
            _descend(task, pool, rows, start, iterations, tolerance, places, watch)
            for rows in _blocks(np.arange(len(start)), size)
        ]
    finally:
        pool.shutdown(cancel_futures=True)
    return Descent(*(np.concatenate(parts) for parts in zip(*ends, strict=True)))


def _descend(task: Task, pool: Executor, batch, start, iterations, tolerance, places, watch) -> tuple[np.ndarray, ...]:
    here = task.nowhere(np.clip(start[batch], task.low, task.high))
    rows = np.arange(len(batch))
    for block, there in _each(pool, lambda block: task.at(here.theta[block], batch[block]), rows, task):
        here.put(block, there)
        watch.check()
    damping = np.full(len(batch), FIRST_DAMPING)
    followed = np.isfinite(here.objective)
    moving = followed.copy()

    def move(block: np.ndarray) -> tuple[Places, np.ndarray]:
        return task.move(here.take(block), batch[block], damping[block])

    for iteration in range(iterations):
        if places:
            followed = in_the_lead(here.objective, followed, iteration, places)
            moving &= followed
        watch.report((batch[0] + np.count_nonzero(~moving)) / len(start))
        rows = np.flatnonzero(moving)
        if not len(rows):
            break
        for block, (there, promised) in _each(pool, move, rows, task):
            better = there.objective < here.objective[block]
            gain = np.where(better, here.objective[block] - there.objective, 0.0)
            here.put(block[better], there.take(better))
            eased = np.maximum(damping[block] * EASED, LEAST_DAMPING)
            damping[block] = np.where(better, eased, damping[block] * RAISED)
            least = tolerance * here.objective[block]
            moving[block] = (promised > least) & np.where(better, gain > least, damping[block] <= MOST_DAMPING)
            watch.check()
    else:
        watch.report((batch[-1] + 1) / len(start))
    return here.theta, here.objective, followed, followed & ~moving


def _each(pool: Executor, work: Callable[[np.ndarray], Any], rows: np.ndarray, task: Task) -> Iterator:
    """The blocks of `rows`, each with the `work` done on it."""
    cells = getattr(task.model, "cells", task.weights.shape[1])
    blocks = _blocks(rows, max(1, BLOCK_CELLS // cells))
    return zip(blocks, map(work, blocks) if len(blocks) == 1 else pool.map(work, blocks), strict=True)


def _blocks(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def _threads() -> int:
    return min(cpu_count(), MOST_THREADS)
