"""Sample tensors for the format lab: pure functions of a generator and a shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Distribution:
    """sample(rng, shape) gives float32 values; a row of `shape` is a token or an output, a column a channel."""

    name: str
    title: str
    meaning: str
    sample: Callable[[np.random.Generator, Shape], np.ndarray]


def _normal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.standard_normal(shape, dtype=np.float32)


def _uniform(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.uniform(-1, 1, shape).astype(np.float32)


def _laplace(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.laplace(0, 2**-0.5, shape).astype(np.float32)


def _student(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return (rng.standard_t(5, shape) * (3 / 5) ** 0.5).astype(np.float32)


def _outliers(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    values = rng.standard_normal(shape, dtype=np.float32)
    channels = rng.choice(shape[-1], size=max(1, shape[-1] // 128), replace=False)
    values[..., channels] *= 30
    return values


def _gradients(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    rows = np.exp(rng.normal(0, 2, (*shape[:-1], 1)))
    return (1e-4 * rows * rng.standard_normal(shape)).astype(np.float32)


DISTRIBUTIONS = {
    row.name: row
    for row in (
        Distribution("normal", "Normal", "weights after initialization: N(0, 1)", _normal),
        Distribution("uniform", "Uniform", "even use of the whole range: U(-1, 1)", _uniform),
        Distribution("laplace", "Laplace", "sharper peak, longer tails, unit variance", _laplace),
        Distribution("student", "Heavy tail", "Student t with 5 degrees of freedom, unit variance", _student),
        Distribution("outliers", "Outlier channels", "N(0, 1) with one channel in 128 thirty times larger", _outliers),
        Distribution(
            "gradients", "Gradients", "small values whose size differs from row to row (log-normal)", _gradients
        ),
    )
}
