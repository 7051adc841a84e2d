"""Efficiencies estimated from a format's error: computed for the formats page, and put to use in the planner."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.fits.bootstrap import Draws
from analysis.formats import ROUNDINGS, get_format
from analysis.formats.error import fmt_signed
from analysis.plans.efficiency import COLUMNS, LEAST, Estimate, Relations, estimated_pair, fitted_relations
from analysis.plans.planner import Factors
from pages.ui.coefficients import Basis
from pages.ui.session import in_worker
from results_db import Store

PARAMETER = "planner.estimate"
SYMBOLS = ("eff_n[estimated]", "eff_d[estimated]")
DRAWS = 400


@dataclass(frozen=True)
class Scheme:
    """A format and how it rounds weights and activations, and gradients; in an address 'mxfp4:nearest:stochastic'."""

    format: str
    rounding: str = "nearest"
    backward_rounding: str = "stochastic"

    @property
    def text(self) -> str:
        return f"{self.format}:{self.rounding}:{self.backward_rounding}"


def scheme_of(text: str) -> Scheme:
    """The scheme of an address; ValueError with what to write."""
    parts = text.split(":")
    if len(parts) != 3 or not set(parts[1:]) <= ROUNDINGS.keys():
        raise ValueError(f"'{text[:60]}' is no estimated scheme; write format:rounding:rounding of gradients, such as "
                         f"mxfp4:nearest:stochastic (roundings: {', '.join(ROUNDINGS)})")  # fmt: skip
    if not fmt_signed(get_format(parts[0])):
        raise ValueError(f"{parts[0]} is a scale format; choose one for tensors, such as mxfp4")
    return Scheme(*parts)


def relations_of(store: Store) -> Relations | None:
    """The relations of error and efficiency in the store's evidence; None when it lacks them."""
    rows = store.table("efficiency_relation")
    try:
        return _relations(rows[list(COLUMNS)])
    except ValueError:
        return None


@st.cache_data(show_spinner="Fitting the relation", max_entries=4)
def _relations(rows: pd.DataFrame) -> Relations:
    return in_worker(fitted_relations, rows)


def estimated(relations: Relations, scheme: Scheme) -> tuple[Estimate, Estimate]:
    """eff_N and eff_D of a scheme, with their intervals."""
    fingerprint = tuple(relations.four_bit.values.tolist() + relations.backward.values.tolist())
    return _estimated(relations, fingerprint, scheme.format, scheme.rounding, scheme.backward_rounding)


@st.cache_data(show_spinner="Measuring the format", max_entries=256)
def _estimated(
    _relations: Relations, fingerprint: tuple, name: str, rounding: str, backward: str
) -> tuple[Estimate, Estimate]:
    return in_worker(estimated_pair, _relations, name, rounding, backward)


def with_estimate(store: Store, basis: Basis) -> Basis:
    """The basis with the factors of the scheme in the page's address, and a line that says so; else as it is."""
    text = st.query_params.get(PARAMETER)
    if not text:
        return basis
    relations = relations_of(store)
    if relations is None:
        st.warning("The store holds no relation of error and efficiency: the estimate in the address is not used.")
        return basis
    try:
        scheme = scheme_of(text)
        pair = estimated(relations, scheme)
    except ValueError as problem:
        st.warning(f"The estimate in the address is not used: {problem}.", icon=":material/link_off:")
        return basis
    row = st.container(horizontal=True, vertical_alignment="center")
    cautions = "".join(f" Beware: {caution}." for estimate in pair for caution in estimate.cautions)
    row.info(f"{_said(scheme, pair)}{cautions}", icon=":material/science:")
    if row.button("Back to fitted factors", key="planner.drop_estimate", icon=":material/undo:"):
        del st.query_params[PARAMETER]
        st.rerun()
    return _replaced(basis, scheme, pair)


def _said(scheme: Scheme, pair: tuple[Estimate, Estimate]) -> str:
    forward, backward = (f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]" for one in pair)
    bits = get_format(scheme.format).bits
    other = "" if bits == 4 else f" Where this page says FP4 read {scheme.format}, and mind that its speed is FP4's."
    return (
        f"**Estimated, not fitted:** {scheme.format} counts parameters {forward} ({scheme.rounding} rounding) and "
        f"tokens {backward} ({scheme.backward_rounding} rounding of gradients), from its error on normal values.{other}"
    )


def _replaced(basis: Basis, scheme: Scheme, pair: tuple[Estimate, Estimate]) -> Basis:
    """The basis with estimated factors; its draws spread them by the errors of the estimates."""
    rng = np.random.default_rng(0)
    base = basis.draws.values if basis.draws else {name: np.full(DRAWS, value) for name, value in basis.values.items()}
    count = len(basis.draws) if basis.draws else DRAWS
    spread = {
        symbol: np.clip(one.value + one.error * rng.standard_normal(count), LEAST, 1.0)
        for symbol, one in zip(SYMBOLS, pair, strict=True)
    }
    also = "" if basis.draws else " P(win) holds the uncertainty of the estimates only."
    return replace(
        basis,
        values={**basis.values, **{symbol: one.value for symbol, one in zip(SYMBOLS, pair, strict=True)}},
        factors=Factors(*SYMBOLS),
        draws=Draws(basis.law, {**base, **spread}),
        sentence=f"{basis.sentence} Factors of {scheme.format} are estimated from its error and spread by what the "
        f"relation is off by when a source is left out.{also}",
    )
