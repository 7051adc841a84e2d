"""Fits for the pages: choices of runs and objective, and fits that are computed once and remembered."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from analysis.fits.fitting import fit
from analysis.fits.staged import fit_base
from analysis.laws import get_law
from pages.ui.session import in_worker
from pages.ui.tasks import DRAWS, BaseRuns, Fitted, Settings, fit_runs

# The published Quartet base is the optimum on its authors' runs, which end at 822M parameters and leave out two
# values that are commented out in their notebook; on the runs up to 203M, those two included, it is not.
AUTHORS = "the authors' own runs, up to 822M"
BASES = {
    "quartet_2025": {
        "bf16 runs up to 203M": BaseRuns(2.1e8),
        AUTHORS: BaseRuns(1e9, ("quartet-excluded",)),
    }
}
ANY_BASE = {"all without a low-precision pass": BaseRuns()}
DELTAS = {"chinchilla": 1e-3, "quartet": 1e-4}  # those of the published objectives


@st.cache_data(show_spinner="Fitting: 64 starts, then the bootstrap", max_entries=64)
def fitted(law_name: str, runs: pd.DataFrame, base: BaseRuns | None, settings: Settings, draws: int = DRAWS) -> Fitted:
    """The fit of these runs (pages.ui.tasks.fit_runs), awaited: for pages where it is short."""
    return in_worker(fit_runs, law_name, runs, base, settings, draws)


@st.cache_data(show_spinner=False, max_entries=64)
def objectives_of(
    law_name: str, runs: pd.DataFrame, sets: Mapping[str, Mapping[str, float]], settings: Settings
) -> dict[str, float]:
    """The objective of each of several sets of parameter values on these runs, by its name; infinite for one that
    predicts no number for some run."""
    return {name: _objective(law_name, runs, values, settings) for name, values in sets.items()}


def _objective(law_name: str, runs: pd.DataFrame, values: Mapping[str, float], settings: Settings) -> float:
    try:
        return fit(get_law(law_name), runs, fixed=values, draws=0, **settings.objective).objective
    except ValueError:
        return float("inf")


def base_runs(law_name: str, runs: pd.DataFrame, base: BaseRuns | None) -> pd.DataFrame:
    """The runs on which the base of a law is fitted; all of them when it has no stages."""
    return fit_base(get_law(law_name), base.keep(runs), base.max_n) if base else runs
