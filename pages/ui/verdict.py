"""What a fit is worth, in sentences: accuracy, extrapolation, and where the published coefficients stand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.fitting import Fit
from analysis.holdout import flops_of
from pages.ui import fits

HELD_OUT_QUANTILE = 0.8  # the fifth of the runs with the most compute is held out
SAME_OBJECTIVE = 0.001


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


def published_objective(found: Fit, objectives: pd.DataFrame) -> str:
    """Where the best published set (first row; columns set, objective) stands on the objective of this fit."""
    row = objectives.iloc[0]
    excess = row["objective"] / found.objective - 1
    arrive = f"{100 * found.agreement:.0f}% of the 64 starts end here."
    if excess < SAME_OBJECTIVE:
        return (
            f"The published set **{row['set']}** has the same objective as this fit on these {found.n_runs} runs, "
            f"**{found.objective:.5g}**, within {100 * SAME_OBJECTIVE:g}%. {arrive}"
        )
    above = f"{100 * excess:.2g}% above" if excess < 1 else f"{1 + excess:.2g} times"
    return (
        f"The best published set, **{row['set']}**, has objective **{row['objective']:.4g}** on these {found.n_runs} "
        f"runs; this fit reaches **{found.objective:.5g}**: the published set is {above} the "
        f"optimum of this objective (log-Huber, δ = {found.delta:g}). {arrive}"
    )


def on_other_runs(found: Fit, runs: pd.DataFrame, chosen: fits.BaseRuns, values: dict[str, float]) -> str:
    """How the published `values` and the best fit compare on the other choices of runs for the base."""
    sentences = []
    for title, base in fits.BASES.get(found.law.source_id, {}).items():
        if base != chosen:
            own = fits.base_runs(found.law.name, runs, base)
            published = fits.objective_of(found.law.name, own, values, found.delta)
            best = fits.fitted(found.law.name, runs, base, found.delta).base.objective
            sentences.append(
                f"With the base on {title} ({len(own)}), it has {published:.5g} and the best fit {best:.5g}."
            )
    return " ".join(sentences)
