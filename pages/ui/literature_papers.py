"""One paper: what it claims and what became of that, what the store has of it, what here implements it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config

from analysis.laws import LAWS
from pages.ui import addresses, literature_card, literature_stored, panels
from pages.ui.citing import bibtex
from pages.ui.implemented import implemented
from pages.ui.literature_board import STATUS_WORDS, board, readable, standing
from pages.ui.session import facts, store

CHOSEN, LIST, CLAIMS = "literature.paper", "literature.papers.table", "literature.paper_claims.table"
PAPERS = {
    "title": column_config.TextColumn("paper", width="large"),
    "year": column_config.NumberColumn("year", format="%d"),
    "area": column_config.TextColumn("area"),
    "relevance": column_config.TextColumn("relevance"),
    "claims": column_config.NumberColumn("claims"),
    **{word: column_config.NumberColumn(word) for word in STATUS_WORDS.values()},
    "link": column_config.LinkColumn("link", display_text="open"),
    "source_id": column_config.TextColumn("key"),
}
OWN_CLAIMS = {
    "subject": column_config.TextColumn("claim of", width="medium"),
    "metric": column_config.TextColumn("what"),
    "printed": column_config.TextColumn("printed"),
    "converted": column_config.TextColumn("in one unit"),
    "baseline": column_config.TextColumn("against"),
    "status": column_config.TextColumn("status here"),
    "found": column_config.TextColumn("computed here"),
    "relation": column_config.TextColumn("how it stands"),
    "condition": column_config.TextColumn("kind of figure", width="medium"),
    "how": column_config.TextColumn("how"),
    "why": column_config.TextColumn("why"),
    "claim_id": column_config.TextColumn("key"),
}


def papers() -> None:
    """Draws the choice of a paper and its page; the list of all papers while none is chosen."""
    sources = facts(store(), "sources")
    if sources.empty:
        panels.empty_state("The store holds no papers.")
        return
    rows = sources.set_index("source_id", drop=False)
    label = rows["title"] + " (" + rows["source_id"] + ")"
    chosen = addresses.choose(
        "Paper",
        list(rows.index),
        CHOSEN,
        lambda key: label.get(key, key),
        "type words of a title, or choose a row below",
    )
    found = board(store())
    if chosen:
        _paper(rows.loc[chosen].to_dict(), found[found["source_id"] == chosen])
    else:
        _list(listed(sources, found))


def listed(sources: pd.DataFrame, claims: pd.DataFrame) -> pd.DataFrame:
    """Every source with the number of its claims and of each status, those with most computed claims first."""
    counts = pd.crosstab(claims["source_id"], claims["status"]).reindex(columns=list(STATUS_WORDS.values()))
    found = sources.join(counts, on="source_id").assign(claims=sources["source_id"].map(counts.sum(axis=1)))
    numbers = ["claims", *counts.columns]
    found[numbers] = found[numbers].fillna(0).astype(int)
    computed = found["claims"] - found["not checkable here"]
    return found.assign(computed=computed).sort_values(["computed", "claims"], ascending=False, kind="stable")


def _list(rows: pd.DataFrame) -> None:
    keys = list(rows["source_id"])
    st.dataframe(
        rows[list(PAPERS)],
        hide_index=True,
        key=LIST,
        column_config=PAPERS,
        height=560,
        placeholder="",
        on_select=lambda: _row_clicked(keys),
        selection_mode="single-row",
        alt="papers; select a row to open its page",
    )
    st.caption(
        f"{len(rows):,} papers, tools and data sets; {int((rows['claims'] > 0).sum())} have claims in the store."
    )


def _row_clicked(keys: list[str]) -> None:
    rows = st.session_state[LIST].selection.rows
    if rows:
        st.session_state[CHOSEN] = keys[rows[0]]


def _paper(source: Mapping[str, Any], claims: pd.DataFrame) -> None:
    st.subheader(panels.plain(source["title"]))
    st.markdown(heading(source))
    with st.expander("BibTeX", icon=":material/format_quote:"):
        st.code(citation(source), language="latex")
    _claims(claims)
    left, right = st.columns(2, gap="large")
    with left:
        literature_stored.draw(store(), source)
    with right:
        _implemented(source)


def heading(source: Mapping[str, Any]) -> str:
    """Year, area and address of a source, of those that are known, as markdown."""
    year = "" if pd.isna(source["year"]) else str(int(source["year"]))
    area = "" if pd.isna(source["area"]) else panels.plain(source["area"])
    address = source["link"] if pd.notna(source["link"]) else _arxiv_page(source)
    return " · ".join(filter(None, (year, area, f"[{panels.plain(address)}]({address})" if address else "")))


def _arxiv_page(source: Mapping[str, Any]) -> str:
    """The page of a source on arXiv, "" unless somebody has checked its number."""
    return f"https://arxiv.org/abs/{source['arxiv_id']}" if _is_checked(source) else ""


def _is_checked(source: Mapping[str, Any]) -> bool:
    return pd.notna(source["arxiv_id"]) and pd.notna(source["arxiv_verified"]) and bool(source["arxiv_verified"])


def citation(source: Mapping[str, Any]) -> str:
    """The BibTeX entry of a source, without an arXiv number that nobody has checked."""
    return bibtex(dict(source) | ({} if _is_checked(source) else {"arxiv_id": None}))


def _claims(claims: pd.DataFrame) -> None:
    st.markdown("##### What it claims, and whether it holds here")
    if claims.empty:
        st.caption("The store has no claims of it: it is here for its data, its code or its law.")
        return
    keys = list(claims["claim_id"])
    event = st.dataframe(
        readable(claims)[list(OWN_CLAIMS)],
        hide_index=True,
        key=CLAIMS,
        column_config=OWN_CLAIMS,
        on_select="rerun",
        selection_mode="single-row",
        alt="claims of the paper; select a row to see its card",
    )
    st.caption(f"{len(claims)} claims: {standing(claims)}. Select a row for its card.")
    rows = event.selection.rows if event else []
    if rows and rows[0] < len(keys):
        literature_card.draw(claims.iloc[rows[0]].to_dict())


def _implemented(source: Mapping[str, Any]) -> None:
    st.markdown("##### What here implements it")
    laws = facts(store(), "law_coefficients", source_id=source["source_id"])["law"]
    rows = implemented(source, [law for law in laws.unique() if law in LAWS])
    if rows.empty:
        st.caption("No law, format, transform or check of this program names it as its source.")
        return
    panels.show_table(rows, "literature.implemented", "Read from the registries: each row names this paper.")
