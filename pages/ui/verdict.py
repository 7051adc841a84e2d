"""What a fit is worth, in sentences: accuracy, extrapolation, and where the published coefficients stand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.fits.fitting import Fit, Status
from pages.ui import fits
from pages.ui.tasks import BaseRuns, Examined, Settings

SAME_OBJECTIVE = 0.001


def accuracy(found: Fit, relative: np.ndarray, rows: str) -> str:
    """How closely the law follows its rows; `relative` holds predicted over observed minus 1."""
    rms = 100 * float(np.sqrt(np.mean(relative**2)))
    return f"The {found.law.title} law fits these {len(relative)} {rows} within **{rms:.2f}%** (rms)."


def extrapolation(rolled: pd.DataFrame, unit: str, rows: str) -> str:
    """How far a fit to the smaller runs misses the largest ones: the cut whose reach is nearest to 10 times."""
    if rolled.empty:
        return "There are too few runs to hold some out."
    row = rolled.loc[np.log(rolled["reach"] / 10).abs().idxmin()]
    return (
        f"Fitted below {row['cut']:.2g} {unit}, it misses the {row['n_runs']:.0f} held-out {rows}, up to "
        f"{row['reach']:.3g}x beyond, by **{100 * row['rms_relative_error']:.2f}%**."
    )


def identified(found: Fit, examined: Examined) -> str:
    """Which parameters the profiles leave open, where that is not what the status of the fit says already."""
    if examined.profiles is None:
        return ""
    loose = [name for name, profile in examined.profiles.by_symbol.items() if not profile.identified]
    said = found.status is Status.NOT_IDENTIFIED and found.advice.startswith(f"{', '.join(loose)}:")
    if said or not found.draws:
        return ""
    if not loose:
        return "Profiles pin every parameter down."
    words = " and ".join([", ".join(loose[:-1]), loose[-1]] if len(loose) > 1 else loose)
    return f"By profile likelihood {words} {'is' if len(loose) == 1 else 'are'} not identified."


def published_objective(found: Fit, objectives: pd.DataFrame, starts: int) -> str:
    """Where the best set on record (first row; columns set, objective) stands on the objective of this fit, made from
    so many starts."""
    row = objectives.iloc[0]
    excess = row["objective"] / found.objective - 1
    arrive = f"{100 * found.agreement:.0f}% of the {starts} starts end here."
    if excess < -SAME_OBJECTIVE:
        return (
            f"The set on record **{row['set']}** has objective **{row['objective']:.4g}** on these {found.n_runs} "
            f"runs, below the **{found.objective:.5g}** of this fit: what is held or tied keeps it from that. {arrive}"
        )
    if excess < SAME_OBJECTIVE:
        return (
            f"The set on record **{row['set']}** has the same objective as this fit on these {found.n_runs} runs, "
            f"**{found.objective:.5g}**, within {100 * SAME_OBJECTIVE:g}%. {arrive}"
        )
    above = f"{100 * excess:.2g}% above" if excess < 1 else f"{1 + excess:.2g} times"
    return (
        f"The best set on record, **{row['set']}**, has objective **{row['objective']:.4g}** on these {found.n_runs} "
        f"runs; this fit reaches **{found.objective:.5g}**: that set is {above} the "
        f"optimum of this objective ({found.loss}, δ = {found.delta:g}). {arrive}"
    )


def on_other_runs(
    found: Fit, runs: pd.DataFrame, chosen: BaseRuns, values: dict[str, float], settings: Settings
) -> str:
    """How the published `values` and the best fit compare on the other choices of runs for the base."""
    sentences = []
    for title, base in fits.BASES.get(found.law.source_id, {}).items():
        if base != chosen:
            own = fits.base_runs(found.law.name, runs, base)
            best = fits.fitted(found.law.name, runs, base, settings).base
            if best.ended:
                published = fits.objectives_of(found.law.name, own, {title: values}, settings)[title]
                said = f"it has {published:.5g} and the best fit {best.objective:.5g}"
                sentences.append(f"With the base on {title} ({len(own)}), {said}.")
    return " ".join(sentences)
