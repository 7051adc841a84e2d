"""Which evaluations the quality tab shows: what was evaluated, how it was measured, and the filters."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.serving.recovery import judged, kind_of
from pages.ui.panels import counted
from results_db import Store

WEIGHTS, BOTH, CACHE = "weights only", "weights and activations", "cache too"
FILTERS = {"scheme": "Formats", "method": "Methods", "model_family": "Model families", "size": "Model sizes"}


def measured_axes(opened: Store) -> pd.DataFrame:
    """The ways of measuring with what they evaluate, asked again only when the store has changed."""
    return _axes(opened, str(opened.path), opened.state)


def evaluations(opened: Store, axis: str) -> pd.DataFrame:
    """The evaluations on an axis, asked again only when the store has changed."""
    return _rows(opened, str(opened.path), opened.state, axis)


def all_judged(opened: Store) -> pd.DataFrame:
    """The evaluations of every axis that tell what a format loses, judged again only when the store has changed."""
    return _judged(opened, str(opened.path), opened.state)


@st.cache_data(max_entries=4, show_spinner=False)
def _axes(_store: Store, place: str, state: tuple[int, int]) -> pd.DataFrame:
    axes = _store.evaluations.axes()
    return axes.assign(kind=[kind_of(*pair) for pair in zip(axes["metric"], axes["task"], strict=True)])


@st.cache_data(max_entries=16, show_spinner=False)
def _rows(_store: Store, place: str, state: tuple[int, int], axis: str) -> pd.DataFrame:
    return _store.evaluations.rows(axis)


@st.cache_data(max_entries=2, show_spinner=False)
def _judged(_store: Store, place: str, state: tuple[int, int]) -> pd.DataFrame:
    return judged(_store.evaluations.rows())


def choose_kind(axes: pd.DataFrame) -> str:
    """Draws the choice of what was evaluated: language, images, speech."""
    kinds = list(axes.groupby("kind")["n_rows"].sum().sort_values(ascending=False).index)
    chosen = st.segmented_control(
        "What was evaluated", kinds, default=kinds[0], key="literature.quality.kind", bind="query-params"
    )
    return chosen or kinds[0]


def choose_axis(axes: pd.DataFrame) -> pd.Series:
    """Draws the choice of one way of measuring; its row of `axes`."""
    known = axes.set_index("axis", drop=False)
    axis = st.selectbox(
        "Measured by",
        list(known.index),
        key="literature.quality.axis",
        bind="query-params",
        help="Metric, task and protocol. Values measured in different ways never share a figure: perplexities differ "
        "by text and context, accuracies by shots and harness.",
    )
    chosen = known.loc[axis]
    own = f", {chosen['n_own']} of them yours" if chosen["n_own"] else ""
    st.caption(
        f"One of {len(known)} ways of measuring, those with yours and with most sources first. This one: "
        f"{counted(chosen['n_rows'] + chosen['n_left_out'], 'row')}{own}, {chosen['n_families']} "
        f"{'family' if chosen['n_families'] == 1 else 'families'} of sources, {counted(chosen['n_models'], 'model')}."
    )
    return chosen


def of_one_source(rows: pd.DataFrame) -> pd.DataFrame:
    """Where a protocol is not stated, the rows of the one source that is chosen."""
    sources = list(rows["source"].value_counts().index)
    if not sources:
        return rows
    chosen = st.selectbox(
        "Source",
        sources,
        key="literature.quality.source",
        help="The protocol is not stated, or sources are known to differ in it: their rows are not comparable.",
    )
    return rows[rows["source"] == chosen]


def filtered(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that all filters leave; each offers what there is, the most frequent first."""
    with st.container(horizontal=True):
        narrow = st.multiselect(
            "What is quantized", [WEIGHTS, BOTH, CACHE], key="literature.quality.what", placeholder="anything"
        )
        chosen = {
            column: st.multiselect(
                label, list(rows[column].value_counts().index), key=f"literature.quality.{column}", placeholder="all"
            )
            for column, label in FILTERS.items()
        }
    for column, values in chosen.items():
        rows = rows[rows[column].isin(values)] if values else rows
    return rows[_what(rows).isin(narrow)] if narrow else rows


def _what(rows: pd.DataFrame) -> pd.Series:
    words = pd.Series(WEIGHTS, rows.index)
    words[rows["activation_bits"] < 16] = BOTH
    words[rows["kv_bits"] < 16] = CACHE
    return words
