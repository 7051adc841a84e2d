"""Widget groups that return typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.laws import Law
from analysis.staged import fit_base
from pages.ui.fits import ANY_BASE, BASES, DELTAS, BaseRuns
from pages.ui.groups import RunGroup, caution_words, fit_groups

DEFAULT_SOURCE = "chinchilla_replication_2024"
LAW_OF_SOURCE = {
    **dict.fromkeys(("quartet_2025", "quest_2025", "quartet_ii_2026"), "quartet"),
    "overtraining_scaling_2024": "overtraining",
}


@dataclass(frozen=True)
class RunsAndLaw:
    """What the left column of the scaling-laws page chose."""

    runs: pd.DataFrame
    law: Law
    base: BaseRuns | None
    delta: float


def runs_and_law(
    all_runs: pd.DataFrame, laws: Mapping[str, Law], uploads: Mapping[str, str], cautions: pd.DataFrame
) -> RunsAndLaw | None:
    """Draws the choice of runs and law; None when there are no runs that any of these laws can be fitted to.

    The runs are those with a size, tokens and loss, after the filters. `uploads` maps the dataset_id of an upload,
    which is the source of its runs, to the name its owner gave it; `cautions` explains the codes of runs.
    """
    st.subheader("Runs")
    offered = {name: law for name, law in laws.items() if _by_size_and_tokens(law)}
    group = _choose_group(all_runs.dropna(subset=["n_params", "n_tokens", "loss"]), offered, uploads, cautions)
    if group is None:
        return None
    runs, source = group.runs, group.key
    flagged = runs["outlier"].fillna(False).astype(bool)
    if flagged.any():
        keep = st.toggle(
            f"Keep {int(flagged.sum())} outliers",
            key="scaling_laws.outliers",
            bind="query-params",
            help="Runs that their own source left out of its fits; they are in the store, flagged.",
        )
        runs = runs if keep else runs[~flagged]
    largest = st.select_slider(
        "Largest model",
        sorted(runs["n_params"].unique()) or [1.0],
        value=runs["n_params"].max() if len(runs) else 1.0,
        format_func=_size,
        key=f"scaling_laws.largest.{source}",
        help="Leave out the largest models and see whether the law still predicts them.",
    )
    runs = runs[runs["n_params"] <= largest]
    st.subheader("Law")
    preferred = LAW_OF_SOURCE.get(str(group.runs["source_id"].iloc[0]), "chinchilla")
    possible = [name for name in offered if group.can_be_fitted_with(offered[name])]
    law_names = sorted(possible, key=lambda name: name != preferred)
    law = laws[
        st.selectbox("Law", law_names, format_func=lambda name: laws[name].title, key=f"scaling_laws.law.{source}")
    ]
    base = _base_choice(source, law, runs) if law.groups else None
    delta = st.select_slider(
        "Huber δ",
        [1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
        value=DELTAS.get(law.name, 1e-3),
        format_func=lambda d: f"{d:g}",
        key=f"scaling_laws.delta.{law.name}",
        help="The objective sums Huber(log predicted - log observed): quadratic for relative errors below δ, linear "
        "above, so that a few bad runs cannot drag the fit. Hoffmann et al. use 1e-3, Quartet 1e-4.",
    )
    return RunsAndLaw(runs, law, base, delta)


def _choose_group(
    usable: pd.DataFrame, laws: Mapping[str, Law], uploads: Mapping[str, str], cautions: pd.DataFrame
) -> RunGroup | None:
    place = st.container()
    unfit = st.toggle(
        "Also runs unfit for fits",
        key="scaling_laws.unfit",
        bind="query-params",
        help="Published runs whose losses are too coarse, or no losses of pre-training: logarithms of perplexities.",
    )
    groups = [
        group
        for group in fit_groups(usable, uploads, unfit)
        if any(group.can_be_fitted_with(law) for law in laws.values())
    ]
    if not groups:
        return None
    by_key = {group.key: group for group in sorted(groups, key=lambda group: group.key != DEFAULT_SOURCE)}
    key = place.selectbox(
        "Dataset",
        by_key,
        format_func=lambda key: by_key[key].label,
        key="scaling_laws.source",
        bind="query-params",
        help="Only runs with the same data, tokenizer, loss and baseline are fitted together. Listed are the groups "
        "with enough different sizes and tokens for a law, and all uploads.",
    )
    group = by_key[str(key)]
    place.caption(
        ". ".join([f"{len(group.runs)} runs with size, tokens and loss", *caution_words(group.runs, cautions)])
    )
    return group


def _by_size_and_tokens(law: Law) -> bool:
    return law.target == "loss" and set(law.required_inputs) == {"n_params", "n_tokens"}


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


def _size(count: float) -> str:
    return f"{count / 1e9:.3g}B" if count >= 1e9 else f"{count / 1e6:.3g}M"
