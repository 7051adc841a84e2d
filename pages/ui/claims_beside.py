"""What papers claim about what a tab shows, beside it; what became of each here is on the literature page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit import column_config

from pages.ui import panels
from pages.ui.literature_board import readable, worded
from pages.ui.session import facts, store

COLUMNS = {
    "subject": column_config.TextColumn("claim of"),
    "metric": column_config.TextColumn("what"),
    "printed": column_config.TextColumn("printed"),
    "baseline": column_config.TextColumn("against"),
    "condition": column_config.TextColumn("kind of figure"),
    "hardware": column_config.TextColumn("hardware"),
    "title": column_config.TextColumn("paper"),
    "link": column_config.LinkColumn("link", display_text="open"),
    "claim_id": column_config.TextColumn("key"),
}


def claims_of(sources: Sequence[str]) -> pd.DataFrame:
    """The claims of these sources, those of the first source first, in words and with their paper's title and link."""
    found = facts(store(), "claims")
    found = found[found["source_id"].isin(sources)]
    order = found["source_id"].map({source: place for place, source in enumerate(sources)})
    papers = facts(store(), "sources")[["source_id", "title", "link"]]
    return worded(found.iloc[order.argsort(kind="stable")].merge(papers, on="source_id", how="left"))


def published(name: str, sources: Sequence[str]) -> None:
    """Draws the claims of these sources as a table; nothing without any."""
    found = claims_of(sources)
    if found.empty:
        return
    st.markdown("**What papers claim**")
    panels.show_table(
        readable(found)[list(COLUMNS)],
        name,
        "As published; nothing here was measured. The literature page says which of them hold here.",
        COLUMNS,
    )
