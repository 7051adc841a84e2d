"""The coefficients a plan stands on: a published snapshot, or our fit of the published runs with its draws."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.bootstrap import Draws
from analysis.fitting import Status
from analysis.laws import Law, get_law
from analysis.planner import Factors
from pages.ui import fits
from results_db import Store

LAW = "quartet"
SOURCE = "quartet_2025"
# Name on the page -> variant in the store: base and factors of one snapshot of the paper's notebook.
SNAPSHOTS = {"published, newest snapshot": "newest", "published, older snapshot": "older_snapshot"}
OWN_FIT = "our fit of the published runs"
DEFAULT_METHODS = ("QuEST", "AlbertTsengQuantizer")


@dataclass(frozen=True)
class Basis:
    """Coefficients to plan with: values by symbol, which factors FP4 uses, and draws when they were fitted here."""

    label: str
    law: Law
    values: dict[str, float]
    factors: Factors
    draws: Draws | None
    sentence: str


def published(store: Store, name: str) -> Basis | None:
    """A published snapshot as a basis; None when the store does not hold it."""
    rows = store.coefficient_sets(LAW)
    own = rows[(rows["source_id"] == SOURCE) & (rows["variant"] == SNAPSHOTS[name])]
    values = dict(zip(own["symbol"], own["value"].astype(float), strict=True))
    if not {"A", "eff_n", "eff_d"} <= values.keys():
        return None
    sentence = (
        f"Coefficients: {SOURCE}, {SNAPSHOTS[name]} (eff_N {values['eff_n']:.3f}, "
        f"eff_D {values['eff_d']:.3f}); they are published without an interval, so the map has no P(win)."
    )
    return Basis(name, get_law(LAW), values, Factors(), None, sentence)


def own_fit(runs: pd.DataFrame, methods: pd.DataFrame, key: str) -> Basis | None:
    """The staged fit of the stored runs as a basis, with a choice of methods; None when it cannot be fitted."""
    fitted = fits.fitted(LAW, runs, True, fits.DELTAS[LAW])
    if fitted.full.status is Status.TOO_FEW_RUNS:
        return None
    labels = dict(zip(methods["method"], methods["label"], strict=True)) if len(methods) else {}
    chosen = []
    for factor, title, preferred in zip(
        ("eff_n", "eff_d"), ("FP4 forward pass", "FP4 backward pass"), DEFAULT_METHODS, strict=True
    ):
        narrow = (
            [
                name
                for name, (low, high) in fitted.full.draws.intervals().items()
                if name.startswith(factor) and high <= 2 * low
            ]
            if fitted.full.draws
            else []
        )
        names = sorted(narrow, key=lambda name: f"[{preferred}]" not in name)
        if not names:
            return None
        chosen.append(
            st.selectbox(
                title,
                names,
                key=f"{key}.{factor}",
                format_func=lambda name: (
                    f"{labels.get(name[6:-1], name[6:-1])} ({name[:5]} {fitted.full.values[name]:.3f})"
                ),
                help="How the paper quantizes this pass; each way has its own fitted efficiency.",
            )
        )
    return Basis(OWN_FIT, get_law(LAW), fitted.full.values, Factors(*chosen), fitted.full.draws, fit_sentence(fitted))


def fit_sentence(fitted: fits.Fitted) -> str:
    """Where fitted coefficients come from, and what P(win) means with them."""
    return (
        f"Coefficients: fitted here on {fitted.base.n_runs} bf16 and {fitted.full.n_runs} other runs of {SOURCE} "
        f"(base first, δ = {fitted.base.delta:g}); P(win) is the share of {len(fitted.base.draws or [])} bootstrap "
        "resamples of the runs under which a scheme has the lowest loss."
    )


def choose_basis(store: Store, key: str) -> Basis | None:
    """Draws the choice of coefficients; None when the store holds neither published ones nor runs."""
    runs = store.table("runs", source_id=SOURCE)
    names = [name for name in SNAPSHOTS if published(store, name)] + ([OWN_FIT] if len(runs) else [])
    if not names:
        return None
    name = st.selectbox(
        "Coefficients",
        names,
        index=len(names) - 1,
        key=f"{key}.coefficients",
        bind="query-params",
        help="Whose numbers for the law: as printed by the paper's notebook, or fitted here on its runs. The printed "
        "ones are not the optimum of their own objective (see Scaling laws).",
    )
    return own_fit(runs, store.table("methods"), key) if name == OWN_FIT else published(store, name)


def default_basis(store: Store) -> Basis | None:
    """Our fit of the published runs with the paper's own methods, else a published snapshot, else None."""
    runs = store.table("runs", source_id=SOURCE)
    if len(runs):
        fitted = fits.fitted(LAW, runs, True, fits.DELTAS[LAW])
        symbols = [f"{factor}[{method}]" for factor, method in zip(("eff_n", "eff_d"), DEFAULT_METHODS, strict=True)]
        if set(symbols) <= fitted.full.values.keys():
            return Basis(
                OWN_FIT, get_law(LAW), fitted.full.values, Factors(*symbols), fitted.full.draws, fit_sentence(fitted)
            )
    return next((found for name in SNAPSHOTS if (found := published(store, name))), None)
