"""The mixing law of Ye et al.: the loss on each domain by the shares of the training domains, and the best shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares, minimize

FIFTHS = 5
DELTA = 0.01  # Huber [nats/token], as the source fits
STARTS = (0.0, 0.5, 0.8, 0.95, 0.99)  # irreducible loss to begin from, over the lowest loss


@dataclass(frozen=True)
class Mixing:
    """L_i(r) = c_i + k_i exp(sum_j t_ij r_j): `c`, `k` (T,), `t` (T, M), of T losses by M shares.

    Shares add up to 1, so k_i and a common part of all t_ij are one number: here the t_ij of a loss add up to 0.
    """

    domains: tuple[str, ...]
    targets: tuple[str, ...]
    c: np.ndarray
    k: np.ndarray
    t: np.ndarray

    def predict(self, shares: np.ndarray) -> np.ndarray:
        """The losses (n, T) [nats/token] of mixtures (n, M)."""
        return self.c + self.k * np.exp(np.asarray(shares, float) @ self.t.T)


def fit_mixing(
    domains: Sequence[str], targets: Sequence[str], shares: np.ndarray, losses: np.ndarray, begin: Mixing | None = None
) -> Mixing:
    """The law fitted to runs with shares (n, M) and losses (n, T), each loss by itself, Huber of the losses.

    Shares are taken over their sum; `begin` is a fit to start from. Raises ValueError for fewer runs than parameters,
    for numbers that are not finite, for shares below 0 and for a run without any.
    Source: Ye et al. 2024, the law of several training domains; the objective is that of their code.
    """
    shares, losses = checked(domains, targets, shares, losses)
    starts = list(_theta(begin)) if begin else [None] * len(targets)
    found = [_fit_one(shares, loss, start) for loss, start in zip(losses.T, starts, strict=True)]
    u = np.array([one[1:] for one in found])
    middle = u.mean(axis=1)
    c = np.array([one[0] for one in found])
    return Mixing(tuple(domains), tuple(targets), c, np.exp(middle), u - middle[:, None])


def held_out(domains: Sequence[str], targets: Sequence[str], shares: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """The losses (n, T) predicted for every run by fits to the runs outside its fifth; fifths are dealt in turn."""
    shares, losses = checked(domains, targets, shares, losses)
    begin = fit_mixing(domains, targets, shares, losses)
    predicted = np.empty_like(losses)
    for fifth in range(FIFTHS):
        own = np.arange(len(shares)) % FIFTHS == fifth
        predicted[own] = fit_mixing(domains, targets, shares[~own], losses[~own], begin).predict(shares[own])
    return predicted


def checked(
    domains: Sequence[str], targets: Sequence[str], shares: np.ndarray, losses: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shares (n, M) that add up to 1 and losses (n, T); raises ValueError as `fit_mixing` says."""
    shares, losses = np.asarray(shares, float), np.asarray(losses, float)
    if not (np.isfinite(shares).all() and np.isfinite(losses).all()):
        raise ValueError("every run needs a share of every domain and a loss of every target, as finite numbers")
    if (shares < 0).any() or (shares.sum(1) <= 0).any():
        row = int(np.argmax((shares < 0).any(1) | (shares.sum(1) <= 0)))
        raise ValueError(f"run {row + 1} has shares {shares[row].tolist()}; write shares of 0 or more, one above 0")
    if (losses <= 0).any():
        raise ValueError(f"a loss is {losses.min():g}; losses are numbers above 0")
    if len(shares) < len(domains) + 2:
        needed = f"{len(domains) + 1} parameters a loss ({len(domains)} domains and a constant)"
        raise ValueError(f"{len(shares)} runs cannot fit {needed}: add runs or join domains")
    return shares / shares.sum(1, keepdims=True), losses


def _theta(law: Mixing) -> np.ndarray:
    """c and u (T, 1 + M) of L_i = c_i + exp(sum_j u_ij r_j), the same law for shares that add up to 1."""
    return np.column_stack([law.c, np.log(law.k)[:, None] + law.t])


def _fit_one(shares: np.ndarray, loss: np.ndarray, begin: np.ndarray | None) -> np.ndarray:
    """c and u (1 + M,) of one loss (n,); the search starts at `begin`, or at the best of a few constants."""
    least = float(loss.min())

    def start(share: float) -> np.ndarray:
        c = share * least
        return np.concatenate([[c], np.linalg.lstsq(shares, np.log(loss - c), rcond=None)[0]])

    def residuals(theta: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.minimum(theta[0] + np.exp(shares @ theta[1:]) - loss, 1e6)

    def slopes(theta: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.column_stack([np.ones(len(loss)), np.minimum(np.exp(shares @ theta[1:]), 1e6)[:, None] * shares])

    if begin is None:
        begin = min((start(share) for share in STARTS), key=lambda theta: float(np.sum(residuals(theta) ** 2)))
    best = np.concatenate([[min(begin[0], 0.999 * least)], begin[1:]])
    low, high = np.full(len(best), -np.inf), np.full(len(best), np.inf)
    low[0], high[0] = -1e-9, least
    return least_squares(residuals, best, slopes, (low, high), loss="huber", f_scale=DELTA, x_scale="jac").x


def best_mixture(law: Mixing, weights: np.ndarray, most: np.ndarray | float = 1.0) -> np.ndarray:
    """The shares (M,) of least weighted loss, none above `most` (a number, or one per domain).

    Every loss is convex in the shares, so the least is the only one. Raises ValueError where the limits leave no
    mixture, or for weights (T,) that are not all 0 or more with one above.
    """
    weights = np.asarray(weights, float)
    if weights.shape != (len(law.targets),) or (weights < 0).any() or not weights.sum() > 0:
        raise ValueError(
            f"weights are {weights.tolist()}; write one of 0 or more for each of {len(law.targets)} losses"
        )
    limit = np.broadcast_to(np.asarray(most, float), len(law.domains))
    if limit.sum() < 1 - 1e-12 or (limit < 0).any():
        raise ValueError(f"the largest shares add up to {limit.sum():g}; they must add up to 1 or more")
    weights = weights / weights.sum()

    def gradient(shares: np.ndarray) -> np.ndarray:
        return (weights * law.k * np.exp(law.t @ shares)) @ law.t

    found = minimize(
        lambda shares: float(weights @ law.predict(shares)),
        limit / limit.sum(),
        jac=gradient,
        bounds=[(0.0, min(1.0, high)) for high in limit],
        constraints=[{"type": "eq", "fun": lambda s: s.sum() - 1, "jac": lambda s: np.ones_like(s)}],
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 1000},
    )
    shares = np.clip(found.x, 0, limit)
    return shares / shares.sum()
