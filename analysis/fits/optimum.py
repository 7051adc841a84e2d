"""A fit seen as a point of its problem: residuals, Jacobian, the noise around it and what it pins down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.fits.fitting import LOSSES, Fit
from analysis.fits.problem import Problem
from analysis.fits.robust import Noise, noise_of
from analysis.laws.param import to_search


@dataclass(frozen=True)
class Optimum:
    """Where a fit stands: search coordinates `theta` (P,), `residuals` (n,) and `jacobian` (n, P) on its runs."""

    problem: Problem
    theta: np.ndarray
    residuals: np.ndarray
    jacobian: np.ndarray
    objective: float
    delta: float
    noise: Noise

    @property
    def free(self) -> int:
        """The number of free parameters P."""
        return len(self.theta)

    @property
    def information(self) -> np.ndarray:
        """J'J over the variance of the noise, and what the bounds say (P, P): the inverse of the covariance of theta.

        A parameter lies within its bounds, which counts as one observation whose deviation is half their span: it
        decides where no run sees a direction, and nowhere else.
        """
        bounds = np.diag(4 / np.clip(self.problem.high - self.problem.low, 1e-6, 1e6) ** 2)
        return self.jacobian.T @ self.jacobian / max(self.noise.variance, 1e-40) + bounds

    @property
    def covariance(self) -> np.ndarray:
        """The covariance (P, P) of the search coordinates, from the curvature at the optimum."""
        return np.linalg.inv(self.information)

    @property
    def strengths(self) -> tuple[np.ndarray, np.ndarray]:
        """How strongly the runs see each direction: singular values (P,) of the Jacobian with columns of norm 1, the
        strongest first, and the directions as rows (P, P)."""
        scaled = self.jacobian / np.maximum(np.linalg.norm(self.jacobian, axis=0), 1e-300)
        _, strengths, directions = np.linalg.svd(scaled, full_matrices=True)
        return np.pad(strengths, (0, len(self.theta) - len(strengths))), directions

    @property
    def condition(self) -> float:
        """How many times weaker the runs see the weakest direction than the strongest; large: not identified."""
        strengths, _ = self.strengths
        return float(strengths[0] / max(strengths[-1], 1e-300))


def optimum(found: Fit, runs: pd.DataFrame) -> Optimum:
    """The fit as a point of its problem on `runs`, which must be those it was fitted on.

    Raises ValueError when the fit has no values, nothing was free, the runs are not more than the free parameters, or
    they had weights.
    """
    if not found.ended:
        raise ValueError(found.advice)
    if found.weights is not None:
        raise ValueError("weights say how much a run counts, not how noisy it is; examine a fit without weights")
    if not found.free or len(runs) <= len(found.free):
        raise ValueError(f"{len(runs)} runs and {len(found.free)} free parameters leave nothing to examine")
    fixed = {name: value for name, value in found.values.items() if name not in found.free}
    problem = Problem(found.law, runs, fixed, LOSSES[found.loss][0])
    if set(problem.names) != set(found.free):
        raise ValueError(
            f"these runs have the free parameters {', '.join(problem.names)}, the fit {', '.join(found.free)}; "
            "give the runs of the fit"
        )
    theta = to_search(np.array([found.values[name] for name in problem.names]), problem.signs)
    residuals, jacobian = problem(theta[None], np.zeros(1, int))
    noise = noise_of(residuals[0], found.delta, len(theta))
    return Optimum(problem, theta, residuals[0], jacobian[0], found.objective, found.delta, noise)
