"""SQL: ask the store anything."""

import streamlit as st

from pages.ui import figures_sql, panels, queries
from pages.ui.session import store
from results_db import safe_cells

panels.header(
    "SQL",
    "Ask the store anything: one SELECT (DuckDB's dialect) over every published fact and your own data. It runs on a "
    "copy, in a process that can read nothing else, for at most 10 s.",
)

described = store().describe()
left, right = st.columns([5, 2], gap="large")
with right:
    st.subheader("Tables")
    tables = list(described["table"].unique())
    table = st.selectbox(
        "Columns of", tables, tables.index("runs"), key="sql.table", bind="query-params", persist_state="session"
    )
    with st.container(height=600, border=False):
        st.markdown(queries.column_list(described[described["table"] == table]))

with left:
    titles = [example.title for example in queries.EXAMPLES]
    title = st.selectbox("Examples", titles, key="sql.example", bind="query-params", persist_state="session")
    example = queries.EXAMPLES[titles.index(title)]
    sql = st.text_area(
        "Query",
        example.sql,
        height=200,
        max_chars=20_000,
        key=f"sql.query.{titles.index(title)}",
        bind="query-params",
        persist_state="session",
        help="One SELECT. WITH, joins, window functions and DESCRIBE work; nothing can be changed.",
    )
    asked = st.button("Ask", type="primary", key="sql.ask", icon=":material/play_arrow:")
    before = st.session_state.get("sql.answered")
    if asked or before is None or before[0] != sql:
        with st.spinner("Asking the store"):
            st.session_state["sql.answered"] = before = (sql, store().ask(sql))
    answer = before[1]
    if answer.problem:
        st.error(answer.problem, icon=":material/block:")
        st.stop()
    rows = answer.rows
    if rows.empty:
        panels.empty_state("No row answers this query.")
        st.stop()

    numbers = queries.numeric(rows)
    if numbers and len(rows.columns) > 1:
        x, y, color = queries.first_choice(rows, sql)
        names = [str(name) for name in rows]
        key = f"sql.{hash(tuple(names))}"
        across, up, by = st.columns(3)
        x = across.selectbox("x", names, index=names.index(x), key=f"{key}.x")
        y = up.selectbox("y", numbers, index=numbers.index(y), key=f"{key}.y")
        colors = ["", *names]
        color = by.selectbox(
            "Color", colors, index=colors.index(color), format_func=lambda name: name or "none", key=f"{key}.color"
        )
        panels.show_figure(
            figures_sql.answer_figure(rows, x, y, color),
            f"{y} against {x}" + (f", coloured by {color}" if color else ""),
            None,
            "sql.figure",
            f"{len(rows):,} rows. Rows of different sources differ in data and tokenizer: compare within one.",
        )
    more = " (the first; there are more: add a condition, a GROUP BY or a LIMIT)" if answer.is_cut else ""
    panels.show_table(
        rows,
        "sql.rows",
        f"{len(rows):,} rows{more} in {answer.seconds:.1f} s; the store as of {answer.as_of:%H:%M:%S} UTC.",
        height=380,
        raw=True,
    )
    st.download_button(
        f"Download these {len(rows):,} rows",
        safe_cells(rows).to_csv(index=False),
        "answer.csv",
        "text/csv",
        key="sql.download",
        icon=":material/download:",
        on_click="ignore",
    )
