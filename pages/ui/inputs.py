"""The left column of the scaling-laws page: which rows, which law, which objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.fits.staged import fit_base
from analysis.laws import LAWS, Law, get_law
from analysis.laws.columns import COLUMNS
from pages.ui import fit_options, gallery, row_filters
from pages.ui.fits import ANY_BASE, BASES
from pages.ui.groups import CURVES, RUNS, RunGroup, caution_words
from pages.ui.tasks import BaseRuns, Settings

DEFAULT_SOURCE = "chinchilla_replication_2024"
LAW_OF_SOURCE = {
    **dict.fromkeys(("quartet_2025", "quest_2025", "quartet_ii_2026"), "quartet"),
    "overtraining_scaling_2024": "overtraining",
    "parscale_2025": "parscale",
}


@dataclass(frozen=True)
class Choice:
    """What the left column chose: rows after the filters, the law, how it is fitted, which rows were left out."""

    group: RunGroup
    runs: pd.DataFrame
    law: Law
    base: BaseRuns | None
    settings: Settings
    left_out: str


def laws_on_offer() -> dict[str, Law]:
    """Every law that a fit can be made of: the general power law once per column of runs."""
    general = [get_law(f"power_law:{column}") for column in ("flops", "n_params", "n_tokens")]
    return {name: law for name, law in LAWS.items() if name != "power_law"} | {law.name: law for law in general}


def title_of(law: Law) -> str:
    """The title of a law; the general power law says in what."""
    column = law.name.partition(":")[2]
    return f"{law.title} in {COLUMNS[column].words}" if column else law.title


def choose(offered: Callable[[bool], list[RunGroup]], cautions: pd.DataFrame) -> Choice | None:
    """Draws the choice of rows and law; None when no group of rows feeds any law.

    `offered(unfit)` gives the groups of rows, with those that no fit should use if `unfit`.
    """
    laws = laws_on_offer()
    st.subheader("Runs")
    group = _choose_group(offered, laws, cautions)
    if group is None:
        return None
    rows = row_filters.curves(group) if group.kind == CURVES else group.runs
    rows, left_out = row_filters.without_outliers(rows)
    if group.kind == RUNS:
        rows = row_filters.up_to_a_size(group, rows)
    st.subheader("Law")
    preferred = LAW_OF_SOURCE.get(str(group.runs["source_id"].iloc[0]), "chinchilla")
    possible = sorted((n for n in laws if group.can_be_fitted_with(laws[n])), key=lambda name: name != preferred)
    name = st.selectbox(
        "Law",
        possible,
        format_func=lambda name: title_of(laws[name]),
        key=f"scaling_laws.law.{group.key}",
        bind="query-params",
        help="Laws that these rows can feed: every number that they need is there and varies.",
    )
    law = laws[name]
    gallery.button(law, laws, group)
    rows, missing = row_filters.complete(law, rows)
    left_out = "; ".join(filter(None, (left_out, missing)))
    if group.kind == RUNS and not law.groups:
        rows = row_filters.of_formats(group, rows)
    base = _base_choice(group.key, law, rows) if law.groups else None
    rows = row_filters.named(rows)
    return Choice(group, rows, law, base, fit_options.choose(law, rows, group.key), left_out)


def _choose_group(
    offered: Callable[[bool], list[RunGroup]], laws: Mapping[str, Law], cautions: pd.DataFrame
) -> RunGroup | None:
    place = st.container()
    unfit = st.toggle(
        "Also runs unfit for fits",
        key="scaling_laws.unfit",
        bind="query-params",
        help="Published runs whose losses are too coarse, or no losses of pre-training: logarithms of perplexities.",
    )
    groups = [group for group in offered(unfit) if any(group.can_be_fitted_with(law) for law in laws.values())]
    if not groups:
        return None
    by_key = {group.key: group for group in sorted(groups, key=lambda group: group.key != DEFAULT_SOURCE)}
    key = place.selectbox(
        "Dataset",
        by_key,
        format_func=lambda key: by_key[key].label,
        key="scaling_laws.source",
        bind="query-params",
        help="Only rows with the same data, tokenizer, loss and baseline are fitted together. Listed are the groups "
        "with enough different values for a law, and all uploads.",
    )
    group = by_key[str(key)]
    remarks = caution_words(group.runs, cautions) if "caution" in group.runs else []
    place.caption(". ".join([f"{len(group.runs)} {group.kind}", *remarks]))
    return group


def _base_choice(source: str, law: Law, runs: pd.DataFrame) -> BaseRuns | None:
    choices = BASES.get(source, ANY_BASE)
    free = sum(not param.per for param in law.params)
    bare = len(fit_base(law, runs))
    if bare <= free < len(runs):
        st.caption(
            f"Fitted jointly: {bare} runs without a low-precision pass are too few for a base of {free} parameters."
        )
        return None
    mode = st.radio(
        "Fit",
        ("base first", "all jointly"),
        key="scaling_laws.mode",
        bind="query-params",
        horizontal=True,
        help="Base first: E, A, B, alpha, beta, gamma on the bf16 runs, then each format's eff_N or eff_D with that "
        "base fixed, as the Quartet paper does. Jointly: everything at once on all runs.",
    )
    if mode != "base first":
        return None
    title = st.selectbox(
        "Runs for the base",
        list(choices),
        key=f"scaling_laws.base.{source}",
        help="The published base is the optimum on its authors' runs; on others the optimum moves, and so do the "
        "planner's boundaries.",
    )
    return choices[title]
