"""One step of a robust fit: the Huber objective with its slopes at rows of a batch, and the damped Newton step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

Model = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

LONGEST_STEP = 1.0  # in any search coordinate: longer ones leap out of the valley they are in
RIDGE = 1e-5  # of each parameter's own curvature, in the damping: along a curved valley only that shortens a step
LEAST_RIDGE = 1e-10  # solves what two parameters do together and no run tells apart


def huber(residuals: np.ndarray, delta: float) -> np.ndarray:
    """Huber's function: r^2/2 inside delta, delta(|r| - delta/2) outside; NaN counts as infinite."""
    size = np.abs(residuals)
    inner = np.minimum(size, delta)
    cost = inner * (size - 0.5 * inner)
    return np.where(np.isfinite(cost), cost, np.inf)


@dataclass(frozen=True)
class Places:
    """Where rows of a batch stand: theta (s, P), the objective (s,), its gradient (s, P) and two Hessians (s, P, P).

    `reweighted`, that of iteratively reweighted least squares, bounds the objective from above, so that a step with
    heavy damping always descends; `newton` counts only the residuals inside delta and gives the fast end.
    """

    theta: np.ndarray
    objective: np.ndarray
    gradient: np.ndarray
    newton: np.ndarray
    reweighted: np.ndarray

    def take(self, rows: np.ndarray) -> Places:
        return Places(*(getattr(self, field.name)[rows] for field in fields(self)))

    def put(self, rows: np.ndarray, other: Places) -> None:
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(other, field.name)


@dataclass(frozen=True)
class Task:
    """What a batch descends on: sum(weights * Huber_delta(residuals of the model)) between `low` and `high` (P,)."""

    model: Model
    weights: np.ndarray
    delta: float
    low: np.ndarray
    high: np.ndarray

    def at(self, theta: np.ndarray, rows: np.ndarray) -> Places:
        """The places of the batch's `rows` (s,) at `theta` (s, P)."""
        with np.errstate(all="ignore"):  # a point without a finite objective is not gone to
            residuals, jacobian = self.model(theta, rows)
            weights, size, columns = self.weights[rows], np.abs(residuals), jacobian.transpose(0, 2, 1)
            inside = weights * (size <= self.delta)
            reweighted = weights * (self.delta / np.maximum(size, self.delta))
            return Places(
                theta,
                np.einsum("sn,sn->s", weights, huber(residuals, self.delta)),
                np.matmul(columns, (reweighted * residuals)[:, :, None])[:, :, 0],
                np.matmul(columns * inside[:, None, :], jacobian),
                np.matmul(columns * reweighted[:, None, :], jacobian),
            )

    def nowhere(self, theta: np.ndarray) -> Places:
        """Places at `theta` (s, P) of which nothing is known yet."""
        rows, free = theta.shape
        shapes = ((rows,), (rows, free), (rows, free, free), (rows, free, free))
        return Places(theta, *(np.full(shape, np.inf) for shape in shapes))

    def step(self, here: Places, damping: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The solution (s, P) of the damped Newton equations, and the descent that it promises (s,).

        (newton + damping * (reweighted + ridge of its diagonal)) step = -gradient, no coordinate by more than
        LONGEST_STEP. A parameter pushed against its bound does not move, and the others step as if it were fixed.
        """
        held = ((here.theta <= self.low) & (here.gradient > 0)) | ((here.theta >= self.high) & (here.gradient < 0))
        free = ~held
        diagonal = np.arange(held.shape[1])
        damped = damping[:, None, None] * here.reweighted
        damped[:, diagonal, diagonal] *= 1 + RIDGE
        hessian = here.newton + damped
        hessian *= free[:, :, None] & free[:, None, :]
        scale = np.where(held, 1.0, np.sqrt(np.maximum(np.einsum("spp->sp", hessian), 1e-300)))
        hessian /= scale[:, :, None] * scale[:, None, :]
        hessian[:, diagonal, diagonal] = np.where(held, 1.0, hessian[:, diagonal, diagonal]) + LEAST_RIDGE
        downhill = np.where(held, 0.0, -here.gradient) / scale
        solved = np.linalg.solve(hessian, downhill[:, :, None])[:, :, 0]
        return np.clip(solved / scale, -LONGEST_STEP, LONGEST_STEP), 0.5 * np.einsum("sp,sp->s", downhill, solved)

    def move(self, here: Places, rows: np.ndarray, damping: np.ndarray) -> tuple[Places, np.ndarray]:
        """The places one step on, better or not, and the descent that was promised (s,)."""
        with np.errstate(all="ignore"):
            step, promised = self.step(here, damping)
        return self.at(np.clip(here.theta + step, self.low, self.high), rows), promised
