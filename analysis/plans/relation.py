"""Published efficiencies of quantizers against their error, and the forms that are fitted to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

DRAWS = 300


@dataclass(frozen=True)
class Form:
    """predict(values, mse) gives the efficiency of each row of `mse` (n, operands); logs: fitted in log eff."""

    name: str
    formula: str
    symbols: tuple[str, ...]
    start: tuple[float, ...]
    predict: Callable[[np.ndarray, np.ndarray], np.ndarray]
    logs: bool = False


def _exponential(q: np.ndarray, mse: np.ndarray) -> np.ndarray:
    return np.exp(-q[0] * (mse ** q[1]).mean(axis=1))


def _logistic(q: np.ndarray, mse: np.ndarray) -> np.ndarray:
    return ((1 + q[0] * mse) ** (-1 / mse.shape[1])).prod(axis=1)


def _falling(q: np.ndarray, mse: np.ndarray) -> np.ndarray:
    return np.exp(-q[0] * mse[:, 0])


EXPONENTIAL = Form("exponential", r"e^{-k\,(m_W^p + m_A^p)/2}", ("k", "p"), (7.0, 0.65), _exponential)
LOGISTIC = Form("logistic", r"((1 + k\,m_W)(1 + k\,m_A))^{-1/2}", ("k",), (45.0,), _logistic)
BACKWARD = Form("exponential", r"e^{-k\,m}", ("k",), (4.3,), _falling, logs=True)


@dataclass(frozen=True)
class Points:
    """Published efficiencies: mse (n, operands) relative to the mean square, eff (n,), and where each comes from."""

    names: np.ndarray
    methods: np.ndarray
    sources: np.ndarray
    mse: np.ndarray
    eff: np.ndarray
    misalignment: np.ndarray

    def __len__(self) -> int:
        return len(self.eff)

    def only(self, keep: np.ndarray) -> Points:
        """The points where `keep` is true."""
        return Points(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Relation:
    """A form fitted to points. `left_out` maps what was left out (point, quantizer, source) to the errors of the
    efficiencies predicted without it; `draws` (B, parameters) are fits to bootstrap resamples of the points.
    """

    form: Form
    points: Points
    values: np.ndarray
    left_out: dict[str, np.ndarray]
    draws: np.ndarray

    @property
    def rms(self) -> float:
        """Root mean square of the residuals, in efficiency."""
        return _rms(self.form.predict(self.values, self.points.mse) - self.points.eff)

    def error(self, by: str) -> float:
        """Root mean square of the errors with one `by` left out at a time."""
        return _rms(self.left_out[by])

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """The 95% bootstrap interval of each parameter; the points share baselines, so it is on the narrow side."""
        ends = np.quantile(self.draws, [0.025, 0.975], axis=0).T
        return {s: (float(low), float(high)) for s, (low, high) in zip(self.form.symbols, ends, strict=True)}


def points_of(rows: pd.DataFrame) -> Points:
    """One point per name and efficiency: an operand that is not quantized has no error. ValueError for others."""
    found = []
    for _, operands in rows.groupby(["point", "eff"], sort=False):
        first = operands.iloc[0]
        method, off = " ".join(operands["method"]), float(1 - operands["alignment"].min())
        found.append((first["point"], method, first["eff_source_id"], _operand_errors(operands), first["eff"], off))
    columns = zip(*found, strict=True) if found else [()] * 6
    names, methods, sources, mse, eff, off = (np.array(column) for column in columns)
    return Points(names, methods, sources, mse.reshape(-1, 2).astype(float), eff.astype(float), off.astype(float))


def _operand_errors(operands: pd.DataFrame) -> tuple[float, float]:
    """The errors of weights and activations."""
    errors = dict(zip(operands["operand"].fillna("both"), operands["mse"].astype(float), strict=True))
    if errors.keys() == {"weights", "activations"}:
        return errors["weights"], errors["activations"]
    if len(operands) > 1:
        point = operands["point"].iloc[0]
        raise ValueError(f"point '{point}' has {len(operands)} rows; give it one, or one for weights and activations")
    ((operand, mse),) = errors.items()
    return mse, 0.0 if operand.startswith("weights only") else mse


def fitted(form: Form, points: Points, seed: int = 0) -> Relation:
    """The least-squares fit of a form, with its leave-out errors and bootstrap draws."""
    values = _solved(form, points, np.array(form.start))
    groups = {"point": np.arange(len(points)), "quantizer": points.methods, "source": points.sources}
    left_out = {by: _left_out(form, points, values, labels) for by, labels in groups.items()}
    rng = np.random.default_rng(seed)
    resamples = [rng.integers(0, len(points), len(points)) for _ in range(DRAWS)]
    draws = np.array([_solved(form, points.only(index), values) for index in resamples])
    return Relation(form, points, values, left_out, draws)


def _solved(form: Form, points: Points, start: np.ndarray) -> np.ndarray:
    observed = np.log(points.eff) if form.logs else points.eff

    def residuals(values: np.ndarray) -> np.ndarray:
        predicted = form.predict(values, points.mse)
        return (np.log(predicted) if form.logs else predicted) - observed

    return least_squares(residuals, start, bounds=(0, np.inf), x_scale=start).x


def _left_out(form: Form, points: Points, start: np.ndarray, labels: np.ndarray) -> np.ndarray:
    errors = np.empty(len(points))
    for label in np.unique(labels):
        out = labels == label
        values = _solved(form, points.only(~out), start)
        errors[out] = form.predict(values, points.mse[out]) - points.eff[out]
    return errors


def _rms(errors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(errors**2)))
