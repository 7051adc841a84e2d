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
    "implied": column_config.TextColumn("so the baseline has", help="The score that the paper prints for the method, "
                                        "less what it gains."),
    "baseline": column_config.TextColumn("against"),
    "condition": column_config.TextColumn("kind of figure"),
    "hardware": column_config.TextColumn("hardware"),
    "title": column_config.TextColumn("paper"),
    "link": column_config.LinkColumn("link", display_text="open"),
    "claim_id": column_config.TextColumn("key"),
}  # fmt: skip


def claims_of(sources: Sequence[str]) -> pd.DataFrame:
    """The claims of these sources, those of the first source first, in words and with their paper's title and link."""
    found = facts(store(), "claims")
    found = found[found["source_id"].isin(sources)]
    order = found["source_id"].map({source: place for place, source in enumerate(sources)})
    papers = facts(store(), "sources")[["source_id", "title", "link"]]
    found = found.assign(implied=_implied(found))
    return worded(found.iloc[order.argsort(kind="stable")].merge(papers, on="source_id", how="left"))


def _implied(found: pd.DataFrame) -> list[str]:
    """What a gain over a baseline makes of the same paper's score, '' where it prints none or in another unit."""
    scores = found[found["metric"] == "score"].drop_duplicates("source_id").set_index("source_id")
    words = []
    for row in found.to_dict("records"):
        score = scores.loc[row["source_id"]] if row["source_id"] in scores.index else None
        known = score is not None and row["metric"] == "accuracy_delta" and row["unit"] == score["unit"]
        words.append(f"{score['value'] - row['value']:.4g} {row['unit']}" if known else "")
    return words


def published(name: str, sources: Sequence[str]) -> None:
    """Draws the claims of these sources as a table; nothing without any."""
    found = claims_of(sources)
    if found.empty:
        return
    st.markdown("**What papers claim**")
    panels.show_table(
        readable(found)[[column for column in COLUMNS if column != "implied" or found["implied"].any()]],
        name,
        "As published; nothing here was measured. The literature page says which of them hold here.",
        COLUMNS,
    )
