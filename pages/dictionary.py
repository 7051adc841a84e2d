"""Data dictionary: what does each column mean?"""

import streamlit as st

from pages.ui import dictionary, panels
from pages.ui.session import store

panels.header(
    "Data dictionary",
    "What does each column mean, in which unit, and what is in it? The words come from the store itself.",
)

tables = store().tables()
columns = dictionary.readable_columns(store().describe())
controls, main = st.columns([1, 4], gap="large")
with controls:
    names = list(tables["table"])
    rows = dict(zip(names, tables["rows"], strict=True))
    name = st.selectbox(
        "Table",
        names,
        index=names.index(dictionary.FIRST) if dictionary.FIRST in names else 0,
        key="dictionary.table",
        bind="query-params",
    )
    st.caption(f"{rows[name]:,} rows")
    words = st.text_input(
        "Find a column",
        key="dictionary.find",
        bind="query-params",
        placeholder="loss, eff_N, bandwidth …",
        help="Looks in the names and meanings of the columns of all tables.",
    )
    st.download_button(
        "All columns as CSV",
        columns.to_csv(index=False),
        "dictionary.csv",
        "text/csv",
        key="dictionary.columns.csv",
        icon=":material/download:",
        on_click="ignore",
    )

with main:
    with st.expander(f"All {len(tables)} tables", icon=":material/table_rows:"):
        panels.show_table(tables, "dictionary.tables", columns=dictionary.TABLE)
    if words:
        found = dictionary.matching(columns, words)
        if found.empty:
            panels.empty_state("No column has all of these words in its name or meaning.")
            st.stop()
        st.subheader(f"{len(found)} {'column' if len(found) == 1 else 'columns'} found")
        panels.show_table(found, "dictionary.found")
        st.stop()
    st.subheader(name)
    own = columns[columns["table"] == name].drop(columns="table")
    meaning = tables.set_index("table")["meaning"].fillna("")[name]
    st.markdown(f"{meaning[:1].upper()}{meaning[1:]}.")
    panels.show_table(own, "dictionary.columns", f"{len(own)} columns.", dictionary.TABLE)
    codes = store().table("cautions", table_name=name).drop(columns="table_name")
    if len(codes):
        panels.show_table(codes, "dictionary.codes", "The codes in the column caution.", dictionary.TABLE)
    if rows[name]:
        panels.show_table(store().first_rows(name, dictionary.SHOWN), "dictionary.rows", "The first rows.", raw=True)
        opened = store()
        st.download_button(
            f"All {rows[name]:,} rows with their sources",
            lambda: opened.archive(name),
            f"{name}.zip",
            "application/zip",
            key="dictionary.rows.zip",
            icon=":material/download:",
            on_click="ignore",
        )
    else:
        st.caption("The table is empty in this store.")
