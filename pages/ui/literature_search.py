"""The search of claims: words anywhere, and a filter for each of their facts, all in the address."""

from __future__ import annotations

import pandas as pd
import streamlit as st

# Column of the board -> label of its filter.
FILTERS = {
    "area": "Area",
    "metric": "What is claimed",
    "format": "Format",
    "bits": "Bits",
    "hardware_kind": "Hardware",
    "task": "Task",
    "subject": "Method",
    "year": "Year",
    "baseline_kind": "Compared with",
    "status": "Status here",
}
ALWAYS = 4  # filters that stand beside the search; the others are a click away
SEARCHED = ("subject", "metric", "format", "model", "hardware", "task", "baseline", "condition", "title", "claim_id")


def picked(found: pd.DataFrame) -> pd.DataFrame:
    """Draws the search and the filters; the claims that match all of them."""
    columns = st.columns([3, *[2] * ALWAYS])
    words = columns[0].text_input(
        "Search", key="literature.search", bind="query-params", placeholder="int4, kv cache, llama …",
        help="Claims that have all of these words anywhere.",
    )  # fmt: skip
    names = list(FILTERS)
    kept = matching(found, words or "")
    chosen = {name: _filter(column, found, name) for column, name in zip(columns[1:], names[:ALWAYS], strict=True)}
    with st.expander("More filters", icon=":material/tune:"):
        rest = st.columns(3)
        chosen |= {name: _filter(rest[i % len(rest)], found, name) for i, name in enumerate(names[ALWAYS:])}
    for name, values in chosen.items():
        if values:
            kept = kept[kept[name].isin(values)]
    return kept


def _filter(place, found: pd.DataFrame, name: str) -> list:
    values = sorted(found[name].dropna().unique())
    return place.multiselect(
        FILTERS[name],
        values,
        format_func=lambda value: f"{value:g}" if isinstance(value, (int, float)) else str(value).replace("_", " "),
        key=f"literature.filter.{name}",
        bind="query-params",
        placeholder="all",
    )


def matching(found: pd.DataFrame, words: str) -> pd.DataFrame:
    """The claims that have all of these words in one of SEARCHED, whatever their case."""
    text = found[list(SEARCHED)].fillna("").agg(" ".join, axis=1).str.lower().str.replace("_", " ")
    keep = pd.Series(True, found.index)
    for word in words.lower().split():
        keep &= text.str.contains(word, regex=False)
    return found[keep]
