"""How others fit the Chinchilla law: loops of scipy's optimizers, a plain grid, and kyo-takano's package.

Each peer works as its users call it, on logs as the papers write the law; objectives are recomputed by one formula.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import least_squares, minimize
from scipy.special import huber


@dataclass(frozen=True)
class Runs:
    """Logs of sizes, tokens and losses (n,)."""

    log_n: np.ndarray
    log_d: np.ndarray
    log_loss: np.ndarray
    delta: float

    @classmethod
    def of(cls, runs: pd.DataFrame, delta: float) -> Runs:
        logs = (np.log(runs[name].to_numpy(float)) for name in ("n_params", "n_tokens", "loss"))
        return cls(*logs, delta)

    def resampled(self, counts: np.ndarray) -> Runs:
        """Each run as often as counted."""
        return Runs(*(np.repeat(logs, counts) for logs in (self.log_n, self.log_d, self.log_loss)), self.delta)

    def residuals(self, point: np.ndarray) -> np.ndarray:
        """log predicted - log loss (n,) at (log E, log A, log B, alpha, beta)."""
        e, a, b, alpha, beta = point
        return np.logaddexp(np.logaddexp(e, a - alpha * self.log_n), b - beta * self.log_d) - self.log_loss

    def objective(self, point: np.ndarray) -> float:
        """The sum over runs of Hoffmann et al., section D.2."""
        return float(huber(self.delta, self.residuals(point)).sum())

    def gradient(self, point: np.ndarray) -> np.ndarray:
        """Its derivatives, by hand."""
        e, a, b, alpha, beta = point
        terms = np.stack([np.full_like(self.log_n, e), a - alpha * self.log_n, b - beta * self.log_d])
        residuals = self.residuals(point)
        shares = np.exp(terms - residuals - self.log_loss)
        slopes = np.stack([*shares, -shares[1] * self.log_n, -shares[2] * self.log_d])
        return slopes @ np.clip(residuals, -self.delta, self.delta)


def lbfgsb(runs: Runs, start: np.ndarray) -> np.ndarray:
    """scipy's L-BFGS-B as it comes: slopes by finite differences."""
    return minimize(runs.objective, start, method="L-BFGS-B").x


def lbfgsb_by_hand(runs: Runs, start: np.ndarray) -> np.ndarray:
    """The same with the gradient worked out by hand."""
    return minimize(runs.objective, start, jac=runs.gradient, method="L-BFGS-B").x


def trust_region(runs: Runs, start: np.ndarray) -> np.ndarray:
    """scipy's least_squares with its Huber loss, as it comes."""
    return least_squares(runs.residuals, start, loss="huber", f_scale=runs.delta).x


LOOPS: dict[str, Callable[[Runs, np.ndarray], np.ndarray]] = {
    "loop of scipy L-BFGS-B": lbfgsb,
    "loop of scipy L-BFGS-B, gradient by hand": lbfgsb_by_hand,
    "loop of scipy least_squares": trust_region,
}


def plain_grid(runs: Runs, points: np.ndarray, block: int = 2000) -> np.ndarray:
    """The best of the points (k, 5) themselves, all evaluated, none improved."""
    best, lowest = points[0], np.inf
    for first in range(0, len(points), block):
        e, a, b, alpha, beta = points[first : first + block].T[:, :, None]
        terms = np.exp(e) + np.exp(a - alpha * runs.log_n) + np.exp(b - beta * runs.log_d)
        costs = huber(runs.delta, np.log(terms) - runs.log_loss).sum(1)
        if costs.min() < lowest:
            best, lowest = points[first + costs.argmin()], costs.min()
    return best


def kyo_takano(runs: pd.DataFrame, axes: dict[str, np.ndarray], delta: float) -> tuple[Callable[[], object], Callable]:
    """A call of the package's own grid search on all cores, and one that gives the point it found.

    Raises ImportError where the package is not installed.
    """
    package, metrics = importlib.import_module("chinchilla"), importlib.import_module("chinchilla._metrics")
    names = {"E": "e", "A": "a", "B": "b"}
    peer = package.Chinchilla(
        tempfile.mkdtemp(),
        param_grid={names.get(name, name): list(axis) for name, axis in axes.items()},
        loss_fn=lambda measured, predicted: metrics.log_huber(measured, predicted, delta),
        log_level=40,
    )
    n, d = runs["n_params"].to_numpy(float), runs["n_tokens"].to_numpy(float)
    peer.database.df = pd.DataFrame({"C": 6 * n * d, "N": n, "D": d, "loss": runs["loss"].to_numpy(float)})

    def point() -> np.ndarray:
        return np.array([*np.log([peer.E, peer.A, peer.B]), peer.alpha, peer.beta], dtype=float)

    return peer.fit, point
