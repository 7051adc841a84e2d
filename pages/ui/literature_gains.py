"""Claims of the papers behind a capability row, as printed and in one unit, filtered by bits."""

from __future__ import annotations

import re

import pandas as pd
import streamlit as st
from streamlit import column_config

from pages.ui import literature_board, panels
from pages.ui.panels import counted, short
from pages.ui.session import facts, store

NO_WIDTH = "no width named"
TABLE = {
    "subject": column_config.TextColumn("claim of", width="medium"),
    "metric": column_config.TextColumn("what"),
    "printed": column_config.TextColumn("printed"),
    "converted": column_config.TextColumn("the same as", help="Gains and reductions as factors"),
    "status": column_config.TextColumn("here", help="What became of the claim here: tab Claims"),
    "baseline": column_config.TextColumn("against"),
    "format": column_config.TextColumn("format"),
    "model": column_config.TextColumn("model"),
    "task": column_config.TextColumn("task"),
    "condition": column_config.TextColumn("condition"),
    "title": column_config.TextColumn("paper"),
    "link": column_config.LinkColumn("link", display_text="open"),
    "claim_id": column_config.TextColumn("key"),
}


def board(row_id: str, title: str) -> None:
    """Draws the claims of a capability row's papers, with a choice of widths."""
    st.subheader(title)
    claims = claims_of(row_id)
    if claims.empty:
        panels.empty_state("The store holds no claims of these papers.")
        return
    widths = sorted({width for own in claims["widths"] for width in own}, key=_narrowest)
    chosen = _chosen_widths(row_id, widths) if len(widths) > 1 else []
    shown = claims[[not chosen or bool(set(chosen) & own) for own in claims["widths"]]]
    panels.show_table(
        shown.assign(metric=shown["metric"].str.replace("_", " "))[list(TABLE)].fillna(""),
        f"literature.board.{row_id}",
        f"{len(shown)} of {counted(len(claims), 'claim')} of {counted(claims['source_id'].nunique(), 'paper')}. Their "
        "baselines, models and tasks differ: compare within a paper.",
        TABLE,
        short(shown, 380),
    )


def _chosen_widths(row_id: str, widths: list[str]) -> list[str]:
    key = f"literature.board.{row_id}.bits"
    return st.pills("Bits", widths, selection_mode="multi", key=key, help="Widths that a claim names")


def claims_of(row_id: str) -> pd.DataFrame:
    """The claims of a capability row's papers, as the page's other tabs have them, with the widths that each names."""
    keys = " ".join(facts(store(), "capabilities", row_id=row_id)["sources"]).split()
    claims = literature_board.board(store())
    claims = claims[claims["source_id"].isin(keys)].sort_values(
        "source_id", key=lambda own: own.map(keys.index), kind="stable"
    )
    return claims.assign(widths=[_widths(claim) for claim in claims.to_dict("records")])


def _widths(claim: dict) -> set[str]:
    """The widths that a claim names in its format, or counts: {'4 bits', '8 bits'}."""
    named = re.findall(r"(?:INT|FP|[WA])(\d+)|(\d+)-bit", str(claim["format"]))
    widths = {f"{first or second} bits" for first, second in named}
    if claim["unit"] == "bits":
        widths.add(f"{claim['value']:g} bits")
    return widths or {NO_WIDTH}


def _narrowest(width: str) -> float:
    return 99.0 if width == NO_WIDTH else float(width.split()[0])
