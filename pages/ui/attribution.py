"""The sources of the store's rows with their licenses: listed, picked, cited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config

from pages.ui import addresses, panels
from pages.ui.citing import program_bibtex
from pages.ui.literature_papers import citation
from results_db import Store

CHOSEN, LIST = "attribution.source", "attribution.sources.table"
FACTS, UNREAD = "facts only", "not at hand"  # what stands for a license that was not looked up or could not be read
MEANING = (
    "License of the repository in which the figures were read: an SPDX identifier, or that it states none. "
    f"{FACTS}: a paper, a page or a data set, of which nothing but facts is taken. {UNREAD}: its file could not be "
    "read."
)
COLUMNS = {
    "title": column_config.TextColumn("source", width="large"),
    "year": column_config.NumberColumn("year", format="%d"),
    "license": column_config.TextColumn("license", help=MEANING),
    "n_rows": column_config.NumberColumn("rows", format="localized"),
    "tables": column_config.TextColumn("tables and rows", width="medium"),
    "link": column_config.LinkColumn("link", display_text="open", width="small"),
    "license_locator": column_config.TextColumn("license read in", width="medium"),
    "source_id": column_config.TextColumn("key"),
}


def listed(sources: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Every source that has rows, those with most first: COLUMNS, area, arxiv_id, arxiv_verified and by_table.

    by_table is {table: rows}, tables the same in words; license says FACTS or UNREAD where the store has none.
    """
    by_table = {
        source: dict(zip(rows["table_name"], rows["n_rows"], strict=True))
        for source, rows in counts.groupby("source_id")
    }
    found = sources[sources["source_id"].isin(list(by_table))]
    found = found.assign(by_table=found["source_id"].map(by_table))
    absent = found["license_locator"].isna().map({True: FACTS, False: UNREAD})
    found = found.assign(
        license=found["license"].fillna(absent),
        n_rows=found["by_table"].map(lambda rows: sum(rows.values())),
        tables=found["by_table"].map(lambda rows: ", ".join(f"{name} {n:,}" for name, n in rows.items())),
    )
    return found.sort_values("n_rows", ascending=False, kind="stable", ignore_index=True)


@st.cache_resource(show_spinner=False, max_entries=4)
def counted(_opened: Store, place: str, state: tuple[int, int]) -> pd.DataFrame:
    """The rows of every source in every table, counted again after a change only."""
    return _opened.rows_by_source()


def picked(rows: pd.DataFrame) -> pd.DataFrame:
    """Draws the search and the filters; the sources that match all of them."""
    words_box, table_box, license_box = st.columns([2, 2, 2])
    words = words_box.text_input(
        "Search", key="attribution.search", bind="query-params", placeholder="words of a title, a key or a repository"
    )
    names = sorted({name for tables in rows["by_table"] for name in tables})
    tables = table_box.multiselect("Table", names, key="attribution.table", bind="query-params", placeholder="all")
    licenses = license_box.multiselect(
        "License",
        list(rows["license"].value_counts().index),
        key="attribution.license",
        bind="query-params",
        placeholder="all",
        help=MEANING,
    )
    keep = rows["by_table"].map(lambda has: not tables or bool(has.keys() & set(tables)))
    keep &= rows["license"].isin(licenses) | (not licenses)
    text = rows[["title", "source_id", "link", "license_locator"]].fillna("").agg(" ".join, axis=1)
    for word in (words or "").split():
        keep &= text.str.contains(word, case=False, regex=False)
    return rows[keep]


def draw_list(rows: pd.DataFrame) -> None:
    """Draws the sources, of which a row can be chosen, how many stand under which license, and the downloads."""
    keys = list(rows["source_id"])
    st.dataframe(
        rows[list(COLUMNS)],
        hide_index=True,
        key=LIST,
        column_config=COLUMNS,
        height=panels.short(rows, 460),
        on_select=lambda: _row_clicked(keys),
        selection_mode="single-row",
        alt="sources of the store's rows; select a row to cite it",
    )
    kinds = ", ".join(f"{name} {n}" for name, n in rows["license"].value_counts().items())
    line = st.container(horizontal=True, vertical_alignment="top")
    line.caption(f"{panels.counted(len(rows), 'source')}: {kinds}.", width="stretch")
    for label, data, ending in (
        ("Table", lambda: panels.as_csv(rows[[*COLUMNS, "area"]]), "csv"),
        ("BibTeX", lambda: "\n\n".join(map(citation, rows.to_dict("records"))) + "\n", "bib"),
    ):
        line.download_button(
            label,
            data,
            f"precision_atlas_sources.{ending}",
            "text/plain" if ending == "bib" else "text/csv",
            key=f"attribution.{ending}",
            icon=":material/download:",
            on_click="ignore",
            width="content",
        )


def _row_clicked(keys: list[str]) -> None:
    rows = st.session_state[LIST].selection.rows
    if rows:
        st.session_state[CHOSEN] = keys[rows[0]]


def cite_program(said: Mapping[str, str]) -> None:
    """Draws how to cite this program."""
    st.subheader("Cite the program")
    st.markdown(panels.plain(said["message"]))
    st.code(program_bibtex(said), language="latex", wrap_lines=True)
    st.caption(f"{said['title']} {said['version']}, license {said['license']}; from CITATION.cff.")


def cite_source(rows: pd.DataFrame) -> None:
    """Draws the choice of a source, its license and its BibTeX entry."""
    st.subheader("Cite a source")
    known = rows.set_index("source_id", drop=False)
    chosen = addresses.choose(
        "Source",
        list(known.index),
        CHOSEN,
        lambda key: f"{known['title'].get(key, key)} ({key})",
        "type words of a title, or select a row above",
    )
    if chosen is None:
        st.caption("Its authors stand at its link: the store holds no names.")
        return
    source = known.loc[chosen].to_dict()
    st.code(citation(source), language="latex", wrap_lines=True)
    st.markdown(_standing(source))
    st.page_link(
        "pages/literature.py",
        label="What it claims, and what here implements it",
        query_params={"literature.tab": "Papers", "literature.paper": chosen},
        icon=":material/arrow_forward:",
    )


def _standing(source: Mapping[str, Any]) -> str:
    """The license of a source in words, with where it was read, and its rows."""
    where = "" if pd.isna(source["license_locator"]) else panels.plain(source["license_locator"])
    words = {
        FACTS: "no license was looked up: nothing but facts is taken",
        UNREAD: f"its license was not at hand ({where})",
        "none stated": f"its repository states no license ({where})",
    }
    said = words.get(source["license"], f"license **{source['license']}**, read in {where}")
    return f"{said[:1].upper()}{said[1:]}. Rows here: {panels.plain(source['tables'])}."
