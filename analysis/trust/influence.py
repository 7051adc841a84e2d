"""What a fit owes to single runs: refits with one of them, or the largest of them, left out, as one batch."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.fits.descent import descend
from analysis.fits.fitting import Fit
from analysis.fits.optimum import optimum
from analysis.laws.curves import stretches
from analysis.laws.law import Law
from analysis.trust.holdout import size_of

LARGEST = (0.05, 0.1, 0.2)  # shares of the runs that are left out together, the largest first


def influence(found: Fit, runs: pd.DataFrame, at: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row per refit: `left_out` (the row's index, a curve, or 'largest 5%'), `n_left_out`, the free parameters'
    values, and `prediction`, the refit's value for the first row of `at` (the largest run unless given).

    What is left out together is that of `units`. Every refit starts at the optimum of all runs.
    Raises ValueError when the runs are not those of the fit.
    """
    own = optimum(found, runs)
    labels, weights = _leavings(found, runs)
    end = descend(own.problem, np.tile(own.theta, (len(labels), 1)), weights, own.delta, own.problem.low,
                  own.problem.high, tolerance=1e-9)  # fmt: skip
    values = own.problem.values(end.theta)
    table = pd.DataFrame(values, columns=list(own.problem.names))
    table.insert(0, "left_out", labels)
    table.insert(1, "n_left_out", (weights == 0).sum(1))
    point, place = (at, 0) if at is not None else _largest(found.law, runs)
    fixed = {name: value for name, value in found.values.items() if name not in found.free}
    table["prediction"] = [
        float(found.law.evaluate(fixed | dict(zip(own.problem.names, row, strict=True)), point)[place])
        for row in values
    ]
    return table


def _largest(law: Law, runs: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The rows that a law needs to predict the largest run, and the place of it among them."""
    place = int(np.argmax(size_of(law, runs).to_numpy()))
    return (runs, place) if law.prepare else (runs.iloc[[place]], 0)


def units(law: Law, runs: pd.DataFrame) -> pd.Series:
    """What each row is left out with, by name: itself alone, its curve, or its part of the only curve."""
    if "curve_id" not in law.inputs:
        return pd.Series(runs.index, runs.index)
    if runs["curve_id"].nunique() > 1:
        return runs["curve_id"]
    return pd.Series([f"part {number + 1}" for number in stretches(runs)], runs.index)


def _leavings(found: Fit, runs: pd.DataFrame) -> tuple[list, np.ndarray]:
    """Labels and weights (k, n), 0 where left out."""
    together = units(found.law, runs)
    names = list(dict.fromkeys(together))
    order = np.argsort(-size_of(found.law, runs).to_numpy(), kind="stable")
    out = [(together == name).to_numpy() for name in names]
    labels: list = list(names)
    for share in LARGEST:
        count = max(2, round(share * len(runs)))
        if len(runs) - count > len(found.free) and "curve_id" not in found.law.inputs:
            labels.append(f"largest {100 * share:.0f}%")
            out.append(np.isin(np.arange(len(runs)), order[:count]))
    return labels, 1.0 - np.array(out, dtype=float)


def most_influential(table: pd.DataFrame, prediction: float) -> pd.Series:
    """The single run (or curve) whose absence moves the prediction most."""
    singles = table[~table["left_out"].astype(str).str.startswith("largest ")]
    return singles.loc[(singles["prediction"] / prediction - 1).abs().idxmax()]
