"""The left column of the scaling-laws page: which rows, which law, which objective."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.fitting import LOSSES
from analysis.laws import LAWS, Law, get_law
from analysis.laws.columns import COLUMNS
from analysis.staged import fit_base
from pages.ui import gallery
from pages.ui.figures import words
from pages.ui.fits import ANY_BASE, BASES, DELTAS
from pages.ui.groups import CURVES, RUNS, RunGroup, caution_words
from pages.ui.tasks import BaseRuns, Settings

DEFAULT_SOURCE = "chinchilla_replication_2024"
LAW_OF_SOURCE = {
    **dict.fromkeys(("quartet_2025", "quest_2025", "quartet_ii_2026"), "quartet"),
    "overtraining_scaling_2024": "overtraining",
    "parscale_2025": "parscale",
}
BASELINE = "bf16"
LOSS_WORDS = {"log-huber": "Huber of log losses", "huber": "Huber of losses", "least-squares": "least squares"}


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


def choose(groups: list[RunGroup], cautions: pd.DataFrame) -> Choice | None:
    """Draws the choice of rows and law; None when no group of rows feeds any law."""
    laws = laws_on_offer()
    st.subheader("Runs")
    group = _choose_group([g for g in groups if any(g.can_be_fitted_with(law) for law in laws.values())], cautions)
    if group is None:
        return None
    rows = _curves(group) if group.kind == CURVES else group.runs
    rows, left_out = _without_outliers(rows)
    if group.kind == RUNS:
        rows = _up_to_a_size(group, rows)
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
    if group.kind == RUNS and not law.groups:
        rows = _of_formats(group, rows)
    base = _base_choice(group.key, law, rows) if law.groups else None
    return Choice(group, _named(rows), law, base, _settings(law), left_out)


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows under the names of their runs, which messages then use, where each has one."""
    named = "run_id" in rows and rows["run_id"].is_unique
    return rows.set_index("run_id", drop=False).rename_axis(None) if named else rows


def _choose_group(groups: list[RunGroup], cautions: pd.DataFrame) -> RunGroup | None:
    if not groups:
        return None
    by_key = {group.key: group for group in sorted(groups, key=lambda group: group.key != DEFAULT_SOURCE)}
    key = st.selectbox(
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
    st.caption(". ".join([f"{len(group.runs)} {group.kind}", *remarks]))
    return group


def _curves(group: RunGroup) -> pd.DataFrame:
    names = list(group.runs["curve_id"].unique())
    chosen = st.multiselect(
        "Curves",
        names,
        names,
        key=f"scaling_laws.curves.{group.key}",
        help="Leave curves out and see whether the law predicts them from the others.",
    )
    return group.runs[group.runs["curve_id"].isin(chosen)]


def _without_outliers(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    flagged = rows["outlier"].fillna(False).astype(bool) if "outlier" in rows else pd.Series(False, rows.index)
    if not flagged.any():
        return rows, ""
    count = int(flagged.sum())
    keep = st.toggle(
        f"Keep {count} outliers",
        key="scaling_laws.outliers",
        bind="query-params",
        help="Runs that their own source left out of its fits; they are in the store, flagged.",
    )
    return (rows, "") if keep else (rows[~flagged], f"{count} runs that their source left out of its fits are left out")


def _up_to_a_size(group: RunGroup, rows: pd.DataFrame) -> pd.DataFrame:
    sizes = sorted(rows["n_params"].unique()) or [1.0]
    largest = st.select_slider(
        "Largest model",
        sizes,
        value=sizes[-1],
        format_func=words,
        key=f"scaling_laws.largest.{group.key}",
        help="Leave out the largest models and see whether the law still predicts them.",
    )
    return rows[rows["n_params"] <= largest]


def _of_formats(group: RunGroup, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of some formats, for a law that knows none: the 16-bit ones unless asked otherwise."""
    names = rows["forward_format"].fillna("not stated") + " : " + rows["backward_format"].fillna("not stated")
    options = list(names.unique())
    if len(options) < 2:
        return rows
    plain = [name for name in options if name.startswith(BASELINE) and not name.endswith(("SR", "RTN"))]
    plain = [name for name in plain if name.split(" : ")[1] in (BASELINE, "not stated")]
    chosen = st.multiselect(
        "Formats (forward : backward)",
        options,
        plain or options,
        key=f"scaling_laws.formats.{group.key}",
        help="This law knows no formats: runs of several formats blur it. The 16-bit runs are chosen at first.",
    )
    return rows[names.isin(chosen)]


def _settings(law: Law) -> Settings:
    loss = st.selectbox(
        "Objective",
        list(LOSSES),
        format_func=LOSS_WORDS.__getitem__,
        key=f"scaling_laws.loss.{law.name}",
        bind="query-params",
        help="What the fit minimizes, summed over the runs. Published fits name theirs under Parameters.",
    )
    if loss == "least-squares":
        return Settings(loss, None)
    delta = st.select_slider(
        "Huber δ",
        [1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
        value=DELTAS.get(law.name, 1e-3),
        format_func=lambda d: f"{d:g}",
        key=f"scaling_laws.delta.{law.name}",
        help="The objective sums Huber(log predicted - log observed): quadratic for relative errors below δ, linear "
        "above, so that a few bad runs cannot drag the fit. Hoffmann et al. use 1e-3, Quartet 1e-4.",
    )
    return Settings(loss, delta)


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
