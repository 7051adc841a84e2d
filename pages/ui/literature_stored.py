"""What the store has of a paper, table by table, and the pages that show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config

from pages.ui import panels
from pages.ui.session import facts
from results_db import Store

# Tables whose rows a user may add to: of them the published rows are counted.
SHARED_WITH_USERS = ("runs", "loss_curves", "quality")
# Table of the store -> the pages that show its rows: path, what the link says, the name in its address of the source.
PLACES = {
    "runs": (
        ("pages/results.py", "Its runs", "results.source"),
        ("pages/scaling_laws.py", "Fit a law to its runs", "scaling_laws.source"),
    ),
    "loss_curves": (("pages/scaling_laws.py", "Fit a law to its curves", "scaling_laws.source"),),
    "throughput": (("pages/probe.py", "Compare its rates with yours", ""),),
    "gemm_measured": (("pages/probe.py", "Compare its rates with yours", ""),),
}
STORED = {
    "table": column_config.TextColumn("table"),
    "rows": column_config.NumberColumn("rows"),
    "meaning": column_config.TextColumn("what they are", width="large"),
}


def draw(opened: Store, source: Mapping[str, Any]) -> None:
    """Draws the counts of a source's rows and links to where they are shown."""
    st.markdown("##### What the store has of it")
    rows = stored(opened, source["source_id"])
    if rows.empty:
        st.caption("Nothing but its title and its claims.")
        return
    panels.show_table(rows, "literature.stored", columns=STORED)
    with st.container(horizontal=True):
        links = dict.fromkeys(place for table in rows["table"] for place in PLACES.get(table, ()))
        for page, label, name in links:
            query = {name: source["source_id"]} if name else None
            st.page_link(page, label=label, query_params=query, icon=":material/arrow_forward:")
        if "quality" in set(rows["table"]):
            st.button(
                "Quality by format", key="literature.to_quality", icon=":material/grading:", on_click=_open_quality
            )


def _open_quality() -> None:
    st.session_state["literature.tab"] = "Quality"


def stored(opened: Store, source_id: str) -> pd.DataFrame:
    """The tables that have published rows of a source: table, rows, meaning; without its claims and its title."""
    columns = opened.describe()
    tables = columns.loc[columns["column"] == "source_id", "table"]
    meanings = opened.tables().set_index("table")["meaning"]
    counts = {
        name: len(
            facts(opened, name, source_id=source_id, **({"dataset_id": None} if name in SHARED_WITH_USERS else {}))
        )
        for name in tables
        if name not in ("claims", "sources")
    }
    rows = [(name, count, meanings[name]) for name, count in counts.items() if count]
    return pd.DataFrame(rows, columns=list(STORED))
