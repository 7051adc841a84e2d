"""Claims of the papers behind a capability row, as printed and in one unit, filtered by bits."""

from __future__ import annotations

import re

import pandas as pd
import streamlit as st
from streamlit import column_config

from pages.ui import panels
from pages.ui.session import facts, store

NO_WIDTH = "no width named"
TIGHT = ("%", "x")  # units that follow their number without a space
TABLE = {
    "subject": column_config.TextColumn("claim of", width="medium"),
    "metric": column_config.TextColumn("what"),
    "printed": column_config.TextColumn("printed"),
    "same": column_config.TextColumn(
        "the same as", help="Gains and reductions as factors: 70% less is 3.33 times less"
    ),
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
    chosen = st.pills(
        "Bits", widths, selection_mode="multi", key=f"literature.board.{row_id}.bits", help="Widths that a claim names"
    )
    shown = claims[[not chosen or bool(set(chosen) & own) for own in claims["widths"]]]
    panels.show_table(
        shown[list(TABLE)],
        f"literature.board.{row_id}",
        f"{len(shown)} of {len(claims)} claims of {claims['source_id'].nunique()} papers. Their baselines, models and "
        "tasks differ: compare within a paper.",
        TABLE,
        380,
    )


def claims_of(row_id: str) -> pd.DataFrame:
    """The claims of a capability row's sources with title, link, printed value, its conversion and named widths."""
    rows = facts(store(), "capabilities", row_id=row_id)
    keys = " ".join(rows["sources"]).split()
    claims = facts(store(), "claims")
    sources = facts(store(), "sources").set_index("source_id")[["title", "link"]]
    claims = claims[claims["source_id"].isin(keys)].join(sources, on="source_id")
    records = claims.to_dict("records")
    return claims.assign(
        printed=[_printed(r["value"], r["value_high"], r["unit"]) for r in records],
        same=[_converted(r) for r in records],
        widths=[_widths(r) for r in records],
    )


def _printed(value: float, high: float, unit: object) -> str:
    number = f"{value:,.6g}" + (f" to {high:,.6g}" if pd.notna(high) else "")
    return f"{number}{'' if unit in TIGHT else ' '}{unit}" if pd.notna(unit) else number


def _converted(claim: dict) -> str:
    """The value in the unit of its kind, where that is another than the printed one."""
    if claim["normalized_unit"] == claim["unit"] or pd.isna(claim["normalized_unit"]):
        return ""
    return _printed(round(claim["normalized"], 3), claim["normalized_high"], claim["normalized_unit"])


def _widths(claim: dict) -> set[str]:
    """The widths that a claim names in its format, or counts: {'4 bits', '8 bits'}."""
    named = re.findall(r"(?:INT|FP|[WA])(\d+)|(\d+)-bit", str(claim["format"]))
    widths = {f"{first or second} bits" for first, second in named}
    if claim["unit"] == "bits":
        widths.add(f"{claim['value']:g} bits")
    return widths or {NO_WIDTH}


def _narrowest(width: str) -> float:
    return 99.0 if width == NO_WIDTH else float(width.split()[0])
