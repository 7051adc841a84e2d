"""Errors on runs that a fit has not seen: above one cut, and above a cut that moves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.fits.checks import check_runs
from analysis.fits.fitting import Fit, Status, fit
from analysis.fits.watch import Cancelled
from analysis.laws.columns import COLUMNS
from analysis.laws.flops import training_flops
from analysis.laws.law import Law

FAR = 10.0  # extrapolation further than this factor beyond the runs carries a warning
ROLLING_COLUMNS = (
    "cut",
    "n_below",
    "n_runs",
    "reach",
    "rms_relative_error",
    "mean_relative_error",
    "max_relative_error",
    "far_runs",
    "far_relative_error",
)
NEAR_LARGEST = 3.0  # runs within this factor of the largest test the whole step of an extrapolation


def flops_of(runs: pd.DataFrame) -> pd.Series:
    """The FLOPs of each run: as recorded, else 6 N D."""
    derived = pd.Series(training_flops(runs["n_params"].to_numpy(float), runs["n_tokens"].to_numpy(float)), runs.index)
    return runs["flops"].astype(float).fillna(derived) if "flops" in runs else derived


def size_of(law: Law, runs: pd.DataFrame) -> pd.Series:
    """What orders the runs of a law from small to large, by its name: FLOPs, or the law's first number without them."""
    if {"n_params", "n_tokens"} <= set(runs) and runs[["n_params", "n_tokens"]].notna().all(axis=None):
        return flops_of(runs).rename("flops")
    name = "flops" if "flops" in runs and runs["flops"].notna().all() else law.required_inputs[0]
    return runs[name].astype(float).rename(name)


def size_words(size: pd.Series) -> str:
    """The unit of a size, as a word after a number."""
    column = COLUMNS[str(size.name)]
    return column.unit or column.words


def errors(found: Fit, runs: pd.DataFrame, rows: np.ndarray | None = None) -> dict[str, float]:
    """Relative errors of the prediction on `rows` of the runs: n_runs, rms, mean (signed) and the largest.

    The prediction is made for all runs: a law of curves needs what came before a point.
    """
    relative = found.predict(runs) / runs[found.law.target].to_numpy(float) - 1
    relative = relative if rows is None else relative[rows]
    return {
        "n_runs": len(relative),
        "rms_relative_error": float(np.sqrt(np.mean(relative**2))),
        "mean_relative_error": float(relative.mean()),
        "max_relative_error": float(np.abs(relative).max()),
    }


def holdout(
    law: Law, runs: pd.DataFrame, above: float, method: Callable[..., Fit] = fit, **options
) -> tuple[Fit, dict[str, float]]:
    """The fit, by `method` with `options`, on runs up to a size `above` (see size_of), and its errors on the larger.

    Raises ValueError when no run, or every run, lies above, and when too few lie below; Cancelled when the fit was.
    """
    check_runs(law, runs)
    size = size_of(law, runs)
    unit = size_words(size)
    large = (size > above).to_numpy()
    if not large.any() or large.all():
        span = f"{size.min():.3g} to {size.max():.3g}"
        raise ValueError(f"holding out the runs above {above:g} {unit} splits nothing off; they span {span} {unit}")
    found = method(law, runs[~large], **options)
    if found.status is Status.CANCELLED:
        raise Cancelled
    if not found.ended:
        raise ValueError(f"without the runs above {above:g} {unit}: {found.advice}")
    return found, {f"above_{size.name}": above, **errors(found, runs, large)}


def rolling(law: Law, runs: pd.DataFrame, cuts: int = 6, method: Callable[..., Fit] = fit, **options) -> pd.DataFrame:
    """One row per cut: fitted up to it, tested above; columns ROLLING_COLUMNS, from the earliest cut on.

    Cuts lie at evenly spaced quantiles of the sizes, from 40% of the runs on; `reach` is the largest size over the
    cut, and `far_relative_error` the rms error of the `far_runs` within NEAR_LARGEST of the largest. Cuts below which
    the runs are fewer than the parameters are left out; the table may be empty.
    """
    size = size_of(law, runs)
    rows = []
    for cut in np.unique(np.quantile(size, np.linspace(0.4, 0.9, cuts), method="lower")):
        try:
            found, tested = holdout(law, runs, float(cut), method, **options)
        except ValueError:
            continue
        largest = errors(found, runs, (size > max(cut, size.max() / NEAR_LARGEST)).to_numpy())
        far = {"far_runs": largest["n_runs"], "far_relative_error": largest["rms_relative_error"]}
        rows.append({"cut": float(cut), "n_below": found.n_runs, "reach": float(size.max() / cut), **tested, **far})
    return pd.DataFrame(rows, columns=list(ROLLING_COLUMNS))


def warning(times: float, measured: pd.DataFrame, unit: str = "compute") -> str:
    """What to know about a prediction `times` the largest run's size, with the `measured` rolling errors; or ''.

    Silent up to FAR times.
    """
    if times <= FAR:
        return ""
    said = f"This is {times:.3g} times the {unit} of the largest run"
    if measured.empty:
        return f"{said}; too few runs to hold some out, so nothing measures the error of that step."
    tested = measured[measured["reach"] >= times]
    row = tested.loc[tested["reach"].idxmin()] if len(tested) else measured.loc[measured["reach"].idxmax()]
    step = "As long a step" if len(tested) else "The longest step that these runs can test"
    return (
        f"{said}. {step}, {row['reach']:.3g} times (fitted on {row['n_below']:.0f} runs, tested on the "
        f"{row['far_runs']:.0f} largest), missed by {100 * row['far_relative_error']:.2g}%"
        + ("." if len(tested) else "; expect more here.")
    )
