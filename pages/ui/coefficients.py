"""The coefficients a plan stands on: a published snapshot, or our fit of the published runs with its draws."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.fits.bootstrap import Draws
from analysis.fits.fitting import WIDE, Fit
from analysis.laws import Law, get_law
from analysis.plans.planner import Factors
from pages.ui import fits
from pages.ui.glossary import help_for
from pages.ui.session import facts, fingerprint
from results_db import Store

LAW = "quartet"
SOURCE = "quartet_2025"
# Name on the page -> variant in the store: base and factors of one snapshot of the paper's notebook.
SNAPSHOTS = {"published, newest snapshot": "newest", "published, older snapshot": "older_snapshot"}
# Name on the page -> runs for the base of our own fit of the published runs; the last one is the default.
OWN_FITS = {f"our fit, base on {title}": base for title, base in fits.BASES[SOURCE].items()}
PLAN_DRAWS = 1000  # of our own fits: a chance of 0.5 is then known within 0.03
REACH = "fitted on 30M to 200M parameters: above is extrapolation (checked by its authors up to 8B)"
DEFAULT_METHODS = ("QuEST", "AlbertTsengQuantizer")
TITLES = ("FP4 forward pass (eff_N)", "FP4 backward pass (eff_D)")
METHOD_HELP = "How the paper quantizes this pass; each way has its own fitted efficiency, in brackets."


@dataclass(frozen=True)
class Basis:
    """Coefficients to plan with: values by symbol, which factors FP4 uses, and draws when they were fitted here."""

    label: str
    law: Law
    values: dict[str, float]
    factors: Factors
    draws: Draws | None
    sentence: str
    reach: str = REACH
    largest: float = 2e8  # parameters of the largest run behind the base: above is extrapolation

    @property
    def key(self) -> str:
        """The same text for the same law, numbers and factors."""
        return fingerprint(self.law.name, self.values, self.factors, self.draws.values if self.draws else None)


def published(store: Store, name: str) -> Basis | None:
    """A published snapshot as a basis; None when the store does not hold it."""
    own = facts(store, "law_coefficients", law=LAW, source_id=SOURCE, variant=SNAPSHOTS[name])
    values = dict(zip(own["symbol"], own["value"].astype(float), strict=True))
    if not {"A", "eff_n", "eff_d"} <= values.keys():
        return None
    sentence = (
        f"Coefficients: {SOURCE}, {SNAPSHOTS[name]} (eff_N {values['eff_n']:.3f}, "
        f"eff_D {values['eff_d']:.3f}); they are published without an interval, so the map has no P(win)."
    )
    return Basis(name, get_law(LAW), values, Factors(), None, sentence)


def own_fit(runs: pd.DataFrame, name: str) -> fits.Fitted | None:
    """The staged fit of the published runs; None when there are too few of them."""
    fitted = fits.fitted(LAW, runs, OWN_FITS[name], fits.Settings(delta=fits.DELTAS[LAW]), PLAN_DRAWS)
    return fitted if fitted.full.ended else None


def as_basis(name: str, fitted: fits.Fitted, factors: Factors) -> Basis:
    """A fit with the methods of its FP4 passes as a basis, with its draws."""
    sentence = (
        f"Coefficients: {name} ({fitted.base.n_runs} runs of {SOURCE}), then "
        f"the factors with that base fixed (δ = {fitted.base.delta:g}); P(win) is the share of "
        f"{len(fitted.base.draws or [])} bootstrap resamples of the runs under which a scheme has the lowest loss."
    )
    return Basis(name, get_law(LAW), fitted.full.values, factors, fitted.full.draws, sentence)


def identified(found: Fit, factor: str) -> list[str]:
    """The symbols of a factor, one per method, whose 95% interval spans less than WIDE."""
    ends = found.draws.intervals() if found.draws else {}
    return [name for name, (low, high) in ends.items() if name.startswith(factor) and high <= WIDE * low]


def choose_methods(found: Fit, methods: pd.DataFrame, key: str) -> Factors | None:
    """Draws the choice of how each FP4 pass is quantized; None when no factor is identified."""
    labels = dict(zip(methods["method"], methods["label"], strict=True)) if len(methods) else {}
    chosen = []
    for factor, title, preferred in zip(("eff_n", "eff_d"), TITLES, DEFAULT_METHODS, strict=True):
        names = sorted(identified(found, factor), key=lambda name: f"[{preferred}]" not in name)
        if not names:
            return None
        words = {}
        for name in names:
            method = name.partition("[")[2].rstrip("]")
            words[name] = f"{labels.get(method, method)} ({found.values[name]:.3f})"
        show = words.__getitem__
        told = f"{METHOD_HELP} {help_for(factor)}"
        chosen.append(st.selectbox(title, names, key=f"{key}.{factor}", format_func=show, help=told))
    return Factors(*chosen)


def choose_basis(store: Store, key: str) -> Basis | None:
    """Draws the choice of coefficients; None when the store holds neither published ones nor runs."""
    runs = facts(store, "runs", source_id=SOURCE)
    names = [name for name in SNAPSHOTS if published(store, name)] + (list(OWN_FITS) if len(runs) else [])
    if not names:
        return None
    name = st.selectbox(
        "Coefficients",
        names,
        index=len(names) - 1,
        key=f"{key}.coefficients",
        bind="query-params",
        help="Whose numbers for the law: as printed by the paper's notebook, or fitted here on its runs, which gives "
        "them intervals. Which runs fit the base moves the boundaries (see Scaling laws).",
    )
    if name in SNAPSHOTS:
        return published(store, name)
    fitted = own_fit(runs, name)
    factors = choose_methods(fitted.full, facts(store, "methods"), key) if fitted else None
    return as_basis(name, fitted, factors) if fitted and factors else None


def offer_refit(store: Store, key: str) -> None:
    """Says that published coefficients give no chances, and offers our own fit of the same runs in one click."""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.info(
        "These coefficients are published without intervals, so there is no P(win) and no interval of the loss. "
        "A refit of the law on its authors' runs gives both.",
        icon=":material/casino:",
    )
    if facts(store, "runs", source_id=SOURCE).empty:
        row.page_link("pages/results.py", label="Upload runs to fit", icon=":material/upload:")
        return
    row.button("Refit now", key=f"{key}.refit", icon=":material/refresh:", on_click=_refit, args=(key,))


def _refit(key: str) -> None:
    st.session_state[f"{key}.coefficients"] = list(OWN_FITS)[-1]


def default_basis(store: Store) -> Basis | None:
    """Our fit of the published runs with the paper's own methods, else a published snapshot, else None."""
    runs = facts(store, "runs", source_id=SOURCE)
    name = list(OWN_FITS)[-1]
    fitted = own_fit(runs, name) if len(runs) else None
    symbols = [f"{factor}[{method}]" for factor, method in zip(("eff_n", "eff_d"), DEFAULT_METHODS, strict=True)]
    if fitted and set(symbols) <= fitted.full.values.keys():
        return as_basis(name, fitted, Factors(*symbols))
    return next((found for name in SNAPSHOTS if (found := published(store, name))), None)
