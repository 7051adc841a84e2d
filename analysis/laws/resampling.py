"""What answers are worth when samples are drawn until a verifier, which may be wrong, accepts one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Problems:
    """Problems by difficulty: `pass_rates` (m,) of a single sample and the `shares` (m,) of all problems."""

    pass_rates: np.ndarray
    shares: np.ndarray

    def mean(self, numbers: np.ndarray) -> np.ndarray:
        """The mean over all problems of numbers (m, ...) by difficulty."""
        return np.tensordot(self.shares / self.shares.sum(), numbers, axes=1)


def answered(
    problems: Problems, false_positive_rate: float, samples: np.ndarray, true_positive_rate: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """The shares of problems answered rightly and wrongly, (k,) each, when the first accepted sample is the answer.

    `samples` (k,) are drawn at most; a problem of which none is accepted has no answer. A right sample is accepted
    with `true_positive_rate`, a wrong one with `false_positive_rate`. Source: Stroebl et al. 2024, section 3, by
    derivation.
    """
    p = problems.pass_rates[:, None]
    passed = p * true_positive_rate
    accepted = passed + (1 - p) * false_positive_rate
    seen = 1 - (1 - accepted) ** np.asarray(samples, float)
    right = np.divide(passed, accepted, out=np.zeros_like(p), where=accepted > 0)
    return problems.mean(seen * right), problems.mean(seen * (1 - right))


def ceiling(problems: Problems, false_positive_rate: float) -> float:
    """The share of problems answered rightly with endless samples; 1 only when no wrong sample is accepted."""
    p = problems.pass_rates
    accepted = p + (1 - p) * false_positive_rate
    return float(problems.mean(np.divide(p, accepted, out=np.zeros_like(p), where=accepted > 0)))


def best_samples(
    problems: Problems, false_positive_rate: float, wrong_cost: float, sample_cost: float = 0.0, most: int = 1000
) -> tuple[int, float]:
    """The number of samples up to `most` of highest worth a problem, and that worth; 0 when no answer pays.

    A right answer is worth 1, a wrong one costs `wrong_cost`, and each sample drawn `sample_cost`.
    """
    samples = np.arange(most + 1)
    right, wrong = answered(problems, false_positive_rate, samples)
    worth = right - wrong_cost * wrong - sample_cost * _drawn(problems, false_positive_rate, samples)
    best = int(np.argmax(worth))
    return best, float(worth[best])


def _drawn(problems: Problems, false_positive_rate: float, samples: np.ndarray) -> np.ndarray:
    p = problems.pass_rates[:, None]
    refused = (1 - p) * (1 - false_positive_rate)
    return problems.mean(np.concatenate([np.zeros_like(p), np.cumsum(refused ** samples[:-1], axis=1)], axis=1))
