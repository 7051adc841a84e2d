"""What the residuals of a Huber fit say about the noise: its variance, the scale of its deviance, its likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import erf, ndtr, stdtrit

NORMAL_IQR = 1.349  # interquartile range of a standard normal


@dataclass(frozen=True)
class Noise:
    """Two averages over the noise of runs around a law with `free` parameters.

    `influence` is E psi(r)^2, where psi clips a residual at delta; `inside` is E psi'(r), the chance of noise inside
    delta (1 for least squares).
    """

    influence: float
    inside: float
    n_runs: int
    free: int

    @property
    def variance(self) -> float:
        """The factor that turns the inverse of J'J into the covariance of the parameters (Huber 1981, section 7.6)."""
        return self.influence / self.inside**2 if self.influence > 0 else 0.0

    def rise(self, share: float = 0.95) -> float:
        """How far the objective rises, with one parameter held, where its interval of that share ends.

        Twice the rise times inside / influence is, for many runs, a chi-square variable of one degree of freedom: a
        likelihood ratio rescaled for a loss that is no likelihood. F(1, n - p) stands for chi-square because the
        scale is estimated, as t stands for the normal.
        Source: Hampel, Ronchetti, Rousseeuw and Stahel 1986, Robust Statistics, section 7.2 (tau test).
        """
        quantile = float(stdtrit(self.n_runs - self.free, (1 + share) / 2) ** 2)
        return 0.5 * quantile * self.influence / self.inside if self.influence > 0 else 0.0


def noise_of(residuals: np.ndarray, delta: float, free: int) -> Noise:
    """The noise behind the residuals (n,) of a fit with `free` parameters, n > free.

    A fit shrinks its residuals; both averages are corrected for its n - p degrees of freedom. The chance of noise
    inside delta is that of a smoothed distribution: counting residuals would be far off when delta is much smaller
    than the noise, since the fit puts up to p of them at zero. Bandwidth: Silverman's rule.
    """
    runs = len(residuals)
    influence = float(np.sum(np.clip(residuals, -delta, delta) ** 2) / (runs - free))
    return Noise(influence, _inside(residuals * np.sqrt(runs / (runs - free)), delta), runs, free)


def _inside(residuals: np.ndarray, delta: float) -> float:
    if not np.isfinite(delta):
        return 1.0
    quarter, three = np.percentile(residuals, [25, 75])
    width = 0.9 * min(float(np.std(residuals)), (three - quarter) / NORMAL_IQR) * len(residuals) ** -0.2
    if not width > 1e-6 * delta:  # noise far inside delta
        return float(np.mean(np.abs(residuals) <= delta)) or 1.0
    return float(np.mean(ndtr((delta - residuals) / width) - ndtr((-delta - residuals) / width)))


def log_likelihood(objective: float, n_runs: int, delta: float) -> float:
    """The largest log likelihood of residuals with that Huber objective, over the scale s of the noise.

    The density of a residual is exp(-Huber(r) / s) / Z(s), normal inside delta with exponential tails: with it the
    minimum of the objective is the maximum of the likelihood, for every s (Huber 1964). Without a delta it is the
    normal density.
    """
    objective = max(objective, 1e-300)

    def cost(log_s: float) -> float:
        return n_runs * _log_normalizer(log_s, delta) + objective * np.exp(-log_s)

    # With normal noise s is about 2 Q / n; with noise far beyond delta it is Q / n.
    middle = np.log(objective / n_runs)
    found = minimize_scalar(cost, bounds=(middle - 3, middle + 3), method="bounded", options={"xatol": 1e-9})
    return -float(found.fun)


def _log_normalizer(log_s: float, delta: float) -> float:
    s = np.exp(log_s)
    if not np.isfinite(delta):
        return 0.5 * float(np.log(2 * np.pi * s))
    middle = np.sqrt(2 * np.pi * s) * erf(delta / np.sqrt(2 * s))
    return float(np.log(middle + 2 * (s / delta) * np.exp(-0.5 * delta**2 / s)))


def aicc(objective: float, n_runs: int, free: int, delta: float) -> float:
    """Akaike's information criterion, corrected for few runs, of a fit with `free` parameters; lower is better.

    The scale of the noise counts as one more parameter. Infinite when runs are too few for the correction.
    Comparable between laws on the same runs with the same loss and delta only.
    Source: Hurvich and Tsai 1989.
    """
    count = free + 1
    if n_runs <= count + 1:
        return float("inf")
    correction = 2 * count * (count + 1) / (n_runs - count - 1)
    return 2 * count - 2 * log_likelihood(objective, n_runs, delta) + correction
