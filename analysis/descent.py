"""Many robust fits at once: a damped Newton descent on the Huber objective, batched over starts or resamples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Model = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


CHUNK_CELLS = 4_000_000  # Jacobian cells held at once: bounds the memory to about 100 MB


@dataclass(frozen=True)
class Descent:
    """Where a batch ended: `theta` (S, P) and its `objective` (S,)."""

    theta: np.ndarray
    objective: np.ndarray


def huber(residuals: np.ndarray, delta: float) -> np.ndarray:
    """Huber's function: r^2/2 inside delta, delta(|r| - delta/2) outside; NaN counts as infinite."""
    size = np.abs(residuals)
    cost = np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta))
    return np.where(np.isfinite(cost), cost, np.inf)


def descend(
    model: Model,
    start: np.ndarray,
    weights: np.ndarray,
    delta: float,
    low: np.ndarray,
    high: np.ndarray,
    iterations: int = 200,
    tolerance: float = 1e-12,
) -> Descent:
    """The minima of sum(weights * Huber(residuals)) reached from each row of `start` (S, P).

    `model(theta, rows)` gives residuals (S, n) and their Jacobian (S, n, P) for rows `rows` of the batch,
    NaN where it has no value; `weights` is (S, n) or (n,), in the same unit as counts of runs;
    theta stays within `low`..`high` (P,). The step solves (H_newton + damping * H_irls) step = -gradient:
    H_irls, the reweighted least-squares Hessian, bounds the objective from above, so heavy damping
    always descends; H_newton counts only the residuals inside delta and gives the fast end.
    """
    weights = np.broadcast_to(weights, (len(start), weights.shape[-1]))
    size = max(1, CHUNK_CELLS // (weights.shape[1] * (start.shape[1] + 1)))
    chunks = np.split(np.arange(len(start)), range(size, len(start), size))
    settings = (delta, low, high, iterations, tolerance)
    with np.errstate(all="ignore"):  # a point without a finite objective is left out, not an error
        ends = [_descend(model, chunk, start[chunk], weights[chunk], *settings) for chunk in chunks]
    return Descent(*(np.concatenate(parts) for parts in zip(*ends, strict=True)))


def _descend(model, batch, start, weights, delta, low, high, iterations, tolerance) -> tuple[np.ndarray, np.ndarray]:
    theta = np.clip(start, low, high)
    residuals, jacobian = model(theta, batch)
    objective = (weights * huber(residuals, delta)).sum(1)
    damping = np.full(len(theta), 1.0)
    active = np.isfinite(objective)
    for _ in range(iterations):
        rows = np.flatnonzero(active)
        if not len(rows):
            break
        step = _step(residuals[rows], jacobian[rows], weights[rows], delta, damping[rows], theta[rows], low, high)
        proposal = np.clip(theta[rows] + step, low, high)
        new_residuals, new_jacobian = model(proposal, batch[rows])
        new_objective = (weights[rows] * huber(new_residuals, delta)).sum(1)
        better = new_objective < objective[rows]
        gain = np.where(better, objective[rows] - new_objective, 0.0)
        won = rows[better]
        theta[won], objective[won] = proposal[better], new_objective[better]
        residuals[won], jacobian[won] = new_residuals[better], new_jacobian[better]
        damping[rows] = np.where(better, damping[rows] / 5, damping[rows] * 4)
        damping = np.clip(damping, 1e-7, 1e9)
        done = (better & (gain <= tolerance * objective[rows])) | (~better & (damping[rows] > 1e6))
        active[rows[done]] = False
    return theta, objective


def _step(residuals, jacobian, weights, delta, damping, theta, low, high):
    size = np.abs(residuals)
    slope = weights * np.clip(residuals, -delta, delta)
    gradient = np.einsum("snp,sn->sp", jacobian, slope)
    inside = weights * (size <= delta)
    reweighted = weights * np.minimum(1.0, delta / np.maximum(size, 1e-300))
    curvature = inside + damping[:, None] * reweighted
    hessian = np.matmul((jacobian * curvature[:, :, None]).transpose(0, 2, 1), jacobian)
    # A parameter pushed against its bound does not move, and the others step as if it were fixed.
    held = ((theta <= low) & (gradient > 0)) | ((theta >= high) & (gradient < 0))
    gradient = np.where(held, 0.0, gradient)
    keep = ~held
    hessian = hessian * keep[:, :, None] * keep[:, None, :]
    scale = np.sqrt(np.maximum(np.einsum("spp->sp", hessian), 1e-300))
    scale[held] = 1.0
    normalized = hessian / scale[:, :, None] / scale[:, None, :]
    diagonal = np.arange(theta.shape[1])
    normalized[:, diagonal, diagonal] = np.where(held, 1.0, normalized[:, diagonal, diagonal]) + 1e-10
    step = -np.linalg.solve(normalized, (gradient / scale)[:, :, None])[:, :, 0] / scale
    return np.clip(step, -2.0, 2.0)
