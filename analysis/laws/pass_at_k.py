"""The unbiased estimate of pass@k: the chance that k of the n samples drawn hold a right one."""

from __future__ import annotations

from typing import Any

import numpy as np


def pass_at_k(n_samples: Any, n_right: Any, k: Any) -> np.ndarray:
    """1 - C(n - c, k) / C(n, k) for n samples of a problem of which c are right; shapes broadcast.

    Exact to a few units of the last digit for any n, also where the chance is small.
    Raises ValueError for counts that cannot be, such as k above n.
    Source: Chen et al. 2021 (Codex), Eq. 1; Brown et al. 2024, section 2.
    """
    samples, right, drawn = (np.asarray(numbers, float) for numbers in np.broadcast_arrays(n_samples, n_right, k))
    _check_counts(samples, right, drawn)
    chance = np.empty(samples.shape)
    for n, size in set(zip(samples.ravel(), drawn.ravel(), strict=True)):
        own = (samples == n) & (drawn == size)
        chance[own] = _chances(int(n), int(size))[right[own].astype(int)]
    return chance


def coverage_curve(n_samples: Any, n_right: Any, ks: Any) -> np.ndarray:
    """The coverage at each of `ks` (k,): the mean pass@k over problems with `n_right` (m,) of `n_samples` right."""
    rows = np.broadcast_arrays(np.atleast_1d(n_samples), np.atleast_1d(n_right))
    return np.array([pass_at_k(*rows, k).mean() for k in np.atleast_1d(ks)])


def _chances(n: int, k: int) -> np.ndarray:
    """pass@k for every number of right samples from 0 to n."""
    missed = np.cumsum(np.log1p(-k / np.arange(n, k, -1.0)))  # log of C(n - c, k) / C(n, k) for c = 1 to n - k
    return np.r_[0.0, -np.expm1(missed), np.ones(k)]


def _check_counts(samples: np.ndarray, right: np.ndarray, drawn: np.ndarray) -> None:
    for numbers, low, high, words in (
        (samples, np.ones(()), np.full((), 2**31), "samples must be whole numbers from 1 on"),
        (right, np.zeros(()), samples, "right samples must be whole numbers from 0 to the number of samples"),
        (drawn, np.ones(()), samples, "k must be a whole number from 1 to the number of samples"),
    ):
        bad = ~((numbers >= low) & (numbers <= high) & (numbers == np.floor(numbers)))
        if bad.any():
            shown = f"{numbers[bad][0]:g} (of {samples[bad][0]:g} samples)"
            raise ValueError(f"{words}, but one is {shown}")
