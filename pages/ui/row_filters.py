"""Filters of the rows that the scaling-laws page fits: curves, outliers, sizes, formats."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.laws import Law
from analysis.laws.columns import column_of
from pages.ui.figures import words
from pages.ui.groups import RunGroup

BASELINE = "bf16"


def curves(group: RunGroup) -> pd.DataFrame:
    """Draws the choice of curves; the points of those chosen."""
    names = list(group.runs["curve_id"].unique())
    chosen = st.multiselect(
        "Curves",
        names,
        names,
        key=f"scaling_laws.curves.{group.key}",
        help="Leave curves out and see whether the law predicts them from the others.",
    )
    return group.runs[group.runs["curve_id"].isin(chosen)]


def without_outliers(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Draws the choice to keep outliers; the rows, and what was left out, in a sentence or ''."""
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


def up_to_a_size(group: RunGroup, rows: pd.DataFrame) -> pd.DataFrame:
    """Draws the choice of the largest model; the rows up to it."""
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


def of_formats(group: RunGroup, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of some formats, for a law that knows none: the 16-bit ones unless asked otherwise."""
    names = rows["forward_format"].fillna("not stated") + " : " + rows["backward_format"].fillna("not stated")
    options = list(names.unique())
    if len(options) < 2:
        return rows
    plain = [name for name in options if name in (f"{BASELINE} : {BASELINE}", f"{BASELINE} : not stated")]
    chosen = st.multiselect(
        "Formats (forward : backward)",
        options,
        plain or options,
        key=f"scaling_laws.formats.{group.key}",
        help="This law knows no formats: runs of several formats blur it. The 16-bit runs are chosen at first.",
    )
    return rows[names.isin(chosen)]


def complete(law: Law, rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows that have every number the law needs, and how many have not, in a sentence or ''."""
    needed = [*law.required_inputs, law.target]
    whole = rows.dropna(subset=needed)
    missing = len(rows) - len(whole)
    lacking = " or ".join(column_of(name).words for name in needed if rows[name].isna().any())
    return whole, f"{missing} rows lack a number that the law needs ({lacking})" if missing else ""


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows under the names of their runs, which messages then use, where each has one."""
    named = "run_id" in rows and rows["run_id"].is_unique
    return rows.set_index("run_id", drop=False).rename_axis(None) if named else rows
