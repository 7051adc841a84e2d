"""Fits for the pages: computed once per choice in a worker process, and remembered."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.compare import holdout
from analysis.fitting import Fit, fit
from analysis.laws import get_law
from analysis.staged import fit_base, fit_staged
from pages.ui.session import in_worker

# The base of the Quartet law is fitted on runs up to its 200M model (203,161,600 parameters), as its authors do.
BASE_MAX_N = 2.1e8
DELTAS = {"chinchilla": 1e-3, "quartet": 1e-4}  # those of the published objectives


@dataclass(frozen=True)
class Fitted:
    """A fit with the base it stands on (the same one unless fitted in stages)."""

    base: Fit
    full: Fit


@st.cache_data(show_spinner="Fitting: 64 starts, then the bootstrap", max_entries=64)
def fitted(law_name: str, runs: pd.DataFrame, staged: bool, delta: float, draws: int = 400) -> Fitted:
    """The fit of these runs; raises ValueError with a sentence when they cannot be fitted."""
    law = get_law(law_name)
    if staged and law.groups:
        return Fitted(*in_worker(fit_staged, law, runs, BASE_MAX_N, delta=delta, draws=draws))
    found = in_worker(fit, law, runs, delta=delta, draws=draws)
    return Fitted(found, found)


@st.cache_data(show_spinner=False, max_entries=64)
def objective_of(law_name: str, runs: pd.DataFrame, values: dict[str, float], delta: float) -> float:
    """The objective of given parameter values on these runs."""
    return fit(get_law(law_name), runs, fixed=values, delta=delta, draws=0).objective


@st.cache_data(show_spinner="Holding out the largest runs", max_entries=64)
def held_out(law_name: str, runs: pd.DataFrame, above_flops: float, delta: float) -> dict[str, float]:
    """Errors on the runs above `above_flops` of a fit to the others (analysis.compare.holdout)."""
    return in_worker(holdout, get_law(law_name), runs, above_flops, delta=delta, draws=0)[1]


def base_runs(law_name: str, runs: pd.DataFrame) -> pd.DataFrame:
    """The runs on which the base of a law is fitted."""
    return fit_base(get_law(law_name), runs, BASE_MAX_N) if get_law(law_name).groups else runs
