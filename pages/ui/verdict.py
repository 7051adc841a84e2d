"""What a fit is worth, in sentences: accuracy, extrapolation, and where the published coefficients stand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.compare import flops_of
from analysis.fitting import Fit
from pages.ui import fits

HELD_OUT_QUANTILE = 0.8  # the fifth of the runs with the most compute is held out


def accuracy(found: Fit, relative: np.ndarray) -> str:
    """How closely the law follows its runs; `relative` holds predicted over observed loss minus 1."""
    rms = 100 * float(np.sqrt(np.mean(relative**2)))
    return f"The {found.law.title} law fits these {len(relative)} runs within **{rms:.2f}%** (rms)."


def extrapolation(law_name: str, runs: pd.DataFrame, delta: float) -> str:
    """How far a fit to the smaller runs misses the largest ones."""
    compute = flops_of(runs)
    limit = float(np.quantile(compute, HELD_OUT_QUANTILE))
    try:
        outside = fits.held_out(law_name, runs, limit, delta)
    except ValueError:
        return "There are too few runs to hold some out."
    return (
        f"Fitted below {limit:.2g} FLOPs, it misses the {outside['n_runs']} held-out runs, up to "
        f"{float(compute.max()) / limit:.1f}x the compute, by **{100 * outside['rms_relative_error']:.2f}%**."
    )


def published_objective(found: Fit, objectives: pd.DataFrame) -> str | None:
    """Says so when the best published set (columns set, objective) is not the optimum of this objective."""
    worse = objectives[objectives["objective"] > found.objective * 1.001].sort_values("objective")
    if worse.empty:
        return None
    row = worse.iloc[0]
    return (
        f"The published set **{row['set']}** has objective **{row['objective']:.4g}** on these {found.n_runs} runs; "
        f"this fit reaches **{found.objective:.5g}** ({100 * (row['objective'] / found.objective - 1):.2g}% lower), so "
        f"the published set is not the optimum of this objective (log-Huber, δ = {found.delta:g}). "
        f"{100 * found.agreement:.0f}% of the 64 starts end here."
    )
