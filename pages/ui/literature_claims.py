"""The claims of the papers: found by their facts, drawn in one unit, each with its baseline and its status."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit import column_config

from pages.ui import addresses, figures_literature, literature_card, literature_search, panels
from pages.ui.figures_literature import AXES, MEASURES, Measure
from pages.ui.literature_board import board, readable, standing
from pages.ui.literature_words import NOT_STATED
from pages.ui.session import store

CHOSEN = "literature.claim"
FIGURE, TABLE_KEY = "literature.figure", "literature.claims.table"
TABLE = {
    "subject": column_config.TextColumn("claim of", width="medium"),
    "metric": column_config.TextColumn("what"),
    "printed": column_config.TextColumn("printed"),
    "converted": column_config.TextColumn("in one unit", help="64% faster is 1.64x; 42% less is 1.72x less. Empty: as "
                                          "printed."),
    "baseline": column_config.TextColumn("against"),
    "status": column_config.TextColumn("status here"),
    "found": column_config.TextColumn("computed here"),
    "relation": column_config.TextColumn("how it stands", help="What the computed number does to the printed one."),
    "format": column_config.TextColumn("format"),
    "bits": column_config.NumberColumn("bits", format="%.4g"),
    "model": column_config.TextColumn("model"),
    "hardware": column_config.TextColumn("hardware"),
    "task": column_config.TextColumn("task"),
    "condition": column_config.TextColumn("kind of figure", width="medium"),
    "year": column_config.NumberColumn("year", format="%d"),
    "title": column_config.TextColumn("paper"),
    "link": column_config.LinkColumn("link", display_text="open"),
    "claim_id": column_config.TextColumn("key"),
}  # fmt: skip


def claims() -> None:
    """Draws the search, the figure of one measure, the card of the chosen claim, and the table."""
    found = board(store())
    if found.empty:
        panels.empty_state("The store holds no claims of papers.")
        return
    st.markdown(f"{len(found):,} claims of {found['source_id'].nunique()} papers: {standing(found)}.")
    picked = literature_search.picked(found)
    if picked.empty:
        panels.empty_state("No claim matches the search and all filters: clear one of them.")
        return
    _figure(picked)
    _card(found, picked)
    _table(picked, len(found))


def _figure(picked: pd.DataFrame) -> None:
    with st.container(horizontal=True):
        name = st.selectbox("Figure of", list(MEASURES), key="literature.measure", bind="query-params", width=260)
        along = st.selectbox(
            "Along",
            list(AXES),
            format_func=lambda name: AXES[name].split(",")[0],
            key="literature.along",
            bind="query-params",
            width=260,
        )
    measure = MEASURES[name]
    alike = figures_literature.of_measure(picked, measure)
    shown = alike[alike[along].notna()]
    if shown.empty:
        panels.empty_state(f"None of these claims is a {name.lower()} with a place on this axis.")
        return
    left_out = len(alike) - len(shown)
    rest = f"; {left_out} more name no {AXES[along].split(',')[0]}" if left_out else ""
    panels.show_figure(
        figures_literature.claims_figure(shown, measure, along, finding(shown, measure)),
        f"{name} of {len(shown)} claims against {AXES[along]}",
        shown[list(TABLE)],
        FIGURE,
        f"{len(shown)} claims of {shown['source_id'].nunique()} papers{rest}. {measure.note}Bars are printed ranges, "
        "and many points the best case (up to). Models, tasks and devices differ: only points of one color share a "
        "kind of baseline, and no two are the same experiment. Click a point for its card.",
        picked=_point_clicked,
    )


def finding(shown: pd.DataFrame, measure: Measure) -> str:
    """The figure's title: the median against the two most frequent kinds of baseline."""
    unit = measure.unit if measure.unit in ("x", "%") else f" {measure.unit}"
    parts = [
        f"{shown.loc[shown['baseline_kind'] == kind, 'normalized'].median():.3g}{unit} against "
        f"{'a baseline that is ' if kind == NOT_STATED else ''}{kind}"
        for kind in shown["baseline_kind"].value_counts().index[:2]
    ]
    return f"Median claim: {', '.join(parts)}"


def _point_clicked() -> None:
    points = st.session_state[f"{FIGURE}.figure"].selection.points
    if points:
        st.session_state[CHOSEN] = points[0]["customdata"][0]


def _row_clicked(keys: list[str]) -> None:
    rows = st.session_state[TABLE_KEY].selection.rows
    if rows:
        st.session_state[CHOSEN] = keys[rows[0]]


def _card(found: pd.DataFrame, picked: pd.DataFrame) -> None:
    """Draws the choice of a claim and its card; a claim of an address stays on offer whatever is filtered."""
    named = st.session_state.get(CHOSEN, st.query_params.get(CHOSEN))
    kept = found["claim_id"].isin(picked["claim_id"]) | (found["claim_id"] == named)
    rows = found[kept].set_index("claim_id", drop=False)
    label = rows["subject"] + ": " + rows["metric"].str.replace("_", " ") + " " + rows["printed"]
    chosen = addresses.choose(
        "Claim", list(rows.index), CHOSEN, lambda key: label.get(key, key), "click a point or a row, or choose one here"
    )
    if chosen:
        literature_card.draw(rows.loc[chosen].to_dict())
        st.button(
            "All claims of this paper", key="literature.to_paper", icon=":material/article:",
            on_click=_open_paper, args=(rows.loc[chosen, "source_id"],),
        )  # fmt: skip


def _open_paper(source_id: str) -> None:
    st.session_state["literature.paper"] = source_id
    st.session_state["literature.tab"] = "Papers"


def _table(picked: pd.DataFrame, n_all: int) -> None:
    """Draws the table, claims with a computed number first."""
    picked = picked.sort_values("found", key=lambda found: found == "", kind="stable")
    st.dataframe(
        readable(picked)[list(TABLE)],
        hide_index=True,
        key=TABLE_KEY,
        column_config=TABLE,
        height=420,
        placeholder="",
        on_select=lambda: _row_clicked(list(picked["claim_id"])),
        selection_mode="single-row",
        alt="claims; select a row to see its card",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{len(picked):,} of {n_all:,} claims.", width="stretch")
        st.download_button(
            "Claims with their status",
            panels.as_csv(picked.drop(columns=["baseline_kind", "hardware_kind"])),
            "claims.csv",
            "text/csv",
            key="literature.claims.csv",
            icon=":material/download:",
            on_click="ignore",
        )
