"""Glossary and reading map: every word of the program, and every source by field."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit import column_config

from analysis.formats import FORMATS
from analysis.formats.families import FAMILIES, family
from analysis.laws import LAWS
from pages.ui import panels
from pages.ui.dictionary import matching, readable_columns
from pages.ui.session import facts, store

TERM = "term"
MOST_IN_FULL = 3  # words of that name whose meaning stands above the table
WORDS = {
    "kind": column_config.TextColumn("kind"),
    "word": column_config.TextColumn("word", width="medium"),
    "meaning": column_config.TextColumn("meaning", width="large"),
    "also": column_config.TextColumn("also"),
    "area": column_config.TextColumn("of"),
    "row_id": column_config.TextColumn("row", help="Capability row: tab Coverage"),
    "title": column_config.TextColumn("source"),
    "link": column_config.LinkColumn("link", display_text="open"),
}
SOURCES = {
    "title": column_config.TextColumn("title", width="large"),
    "year": column_config.NumberColumn("year", format="%d"),
    "area": column_config.TextColumn("area"),
    "rows": column_config.TextColumn("capability rows"),
    "terms": column_config.TextColumn("terms"),
    "claims": column_config.NumberColumn("claims"),
    "link": column_config.LinkColumn("link", display_text="open"),
    "page": column_config.LinkColumn("its page", display_text=r"paper=(.*)$"),
}
REALIZED = ("quant_survey_2021-01", "quant_survey_2021-02")  # what few bits promise, and what is often realized
SURVEY = "low_precision_training_survey_2025"


def glossary() -> None:
    """Draws the tab: words with their meanings, the groups of formats, the map of sources."""
    st.subheader("Words")
    words = all_words()
    if words.empty:
        panels.empty_state("The store holds no glossary.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked = st.text_input(
            "Find a word", key="literature.term", bind="query-params", placeholder="eff_n, SQNR, amax, log-Huber …"
        )
        kinds = st.pills("Kinds", list(words["kind"].unique()), selection_mode="multi", key="literature.glossary.kinds")
    chosen = kinds or ([TERM] if not asked else list(words["kind"].unique()))
    shown = words[words["kind"].isin(chosen)]
    shown = _matching(shown, asked) if asked else shown
    if shown.empty:
        panels.empty_state("No word has this in its name or meaning.")
    else:
        named = shown[shown["word"].str.lower() == asked.strip().lower()]
        for word in named.head(MOST_IN_FULL).to_dict("records"):
            area, meaning = panels.plain(word["area"]), panels.plain(word["meaning"])
            st.markdown(f"**{panels.plain(word['word'])}** ({area}). {meaning}")
        panels.show_table(
            shown[list(WORDS)].fillna({"also": "", "row_id": "", "title": "", "area": ""}),
            "literature.glossary",
            f"{len(shown):,} of {len(words):,} words: terms of the shipped glossary, symbols of all laws, number "
            "formats, columns of the store and capability rows.",
            WORDS,
            panels.short(shown, 420),
        )
    _families()
    _reading_map()


def all_words() -> pd.DataFrame:
    """Every word with its kind, meaning, other names, field, capability row, source and link."""
    sources = facts(store(), "sources").set_index("source_id")[["title", "link"]]
    terms = facts(store(), "glossary").rename(columns={"term": "word"}).assign(kind=TERM)
    laws = pd.DataFrame(
        [(p.symbol, p.meaning, law.title, law.source_id) for law in LAWS.values() for p in law.params],
        columns=["word", "meaning", "area", "source_id"],
    ).assign(kind="symbol of a law")
    formats = pd.DataFrame(
        [
            (f.name, f"{f.title or f.name}, {f.bits_per_element:g} bits; {f.source}", family(f))
            for f in FORMATS.values()
        ],
        columns=["word", "meaning", "area"],
    ).assign(kind="number format")
    described = readable_columns(store().describe())
    columns = described.rename(columns={"column": "word", "table": "area"}).assign(kind="column")
    rows = facts(store(), "capabilities").rename(columns={"capability": "word", "shows": "meaning", "topic": "area"})
    found = pd.concat([terms, laws, formats, columns, rows.assign(kind="capability")], ignore_index=True)
    return found.join(sources, on="source_id") if len(terms) else terms


def _matching(words: pd.DataFrame, asked: str) -> pd.DataFrame:
    """The words that have everything asked for in their names or meaning, those so named first."""
    text = words.assign(column=words["word"] + " " + words["also"].fillna(""))
    found = matching(text, asked)
    exact = found["word"].str.lower() == asked.strip().lower()
    return words.loc[found.assign(exact=exact).sort_values("exact", ascending=False, kind="stable").index]


def _families() -> None:
    """The three groups of training formats with the formats here, and what few bits promise and realize."""
    st.subheader("Groups of formats")
    meanings = facts(store(), "glossary").set_index("term")["meaning"]
    own = {name: [fmt.name for fmt in FORMATS.values() if family(fmt) == name] for name in FAMILIES}
    for name, column in zip(FAMILIES, st.columns(len(FAMILIES)), strict=True):
        column.markdown(f"**{name.capitalize()}** ({len(own[name])} here)")
        column.markdown(panels.plain(meanings.get(name, "")))
        column.caption(", ".join(own[name]))
    claims = facts(store(), "claims").set_index("claim_id")
    if set(REALIZED) <= set(claims.index):
        most, often = (claims.loc[key] for key in REALIZED)
        st.markdown(
            f"A survey of quantization for inference puts the potential of {most['format']} at **{most['value']:g}x** "
            f"less memory and latency, of which **{often['value']:g} to {often['value_high']:g}x** are often realized."
        )
    cited = facts(store(), "sources", source_id=[SURVEY, str(REALIZED[0]).rpartition("-")[0]])
    st.caption("Groups and figures: " + "; ".join(cited["title"]) + ".")


def _reading_map() -> None:
    """Every source by field, with the capability rows, terms and claims that lead to it."""
    st.subheader("Reading map")
    sources = mapped_sources()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        relevant = st.pills(
            "Relevance",
            list(sources["relevance"].unique()),
            selection_mode="multi",
            default=[name for name in ("core", "related") if name in set(sources["relevance"])],
            key="literature.map.relevance",
        )
        areas = st.multiselect(
            "Area", sorted(sources["area"].dropna().unique()), key="literature.map.area", placeholder="all"
        )
        row = st.selectbox(
            "Capability row",
            sorted({key for keys in sources["rows"] for key in keys.split(", ") if key}),
            index=None,
            key="literature.map.row",
            placeholder="all",
        )
    shown = sources[sources["relevance"].isin(relevant)] if relevant else sources
    shown = shown[shown["area"].isin(areas)] if areas else shown
    shown = shown[[row in keys.split(", ") for keys in shown["rows"]]] if row else shown
    panels.show_table(
        shown[list(SOURCES)],
        "literature.map",
        f"{len(shown):,} of {len(sources):,} sources. Without a choice of relevance, all are listed.",
        SOURCES,
        panels.short(shown, 420),
    )


def mapped_sources() -> pd.DataFrame:
    """Every source with the capability rows that need it, the terms that quote it and its number of claims."""
    needs = facts(store(), "capabilities")[["row_id", "sources"]]
    needs = needs.assign(source_id=needs["sources"].str.split()).explode("source_id")
    rows = needs.groupby("source_id")["row_id"].agg(", ".join)
    terms = facts(store(), "glossary").groupby("source_id")["term"].agg(", ".join)
    claims = facts(store(), "claims")["source_id"].value_counts()
    sources = facts(store(), "sources")
    key = sources["source_id"]
    page = "literature?literature.tab=Papers&literature.paper=" + key
    return sources.assign(
        page=page,
        rows=key.map(rows).fillna(""),
        terms=key.map(terms).fillna(""),
        claims=key.map(claims).fillna(0).astype(int),
    ).sort_values(["area", "year", "title"])
