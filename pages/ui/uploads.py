"""From a dropped file to a dataset: kind, columns, problems, import. Its text is shown as text, never as markup."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.ui import panels
from results_db import Preview, Store, file_columns

IGNORED = "(ignore)"
LIMIT_MB = 20
KINDS = {"runs": "training runs", "probe_results": "probe results", "unknown": "unknown"}


def drop_zone(store: Store, page: str, label: str, help_text: str) -> None:
    """Draws a drop zone and what follows a drop; after an import the zone is empty again."""
    number = st.session_state.setdefault(f"{page}.upload_number", 0)
    done = st.session_state.pop(f"{page}.upload_done", None)
    file = st.file_uploader(label, key=f"{page}.file.{number}", max_upload_size=LIMIT_MB, help=help_text)
    if done:
        _say_done(store, *done)
    if file is None:
        return
    with st.container(border=True):
        _offer(store, page, file.name, file.getvalue(), f"{page}.{number}")


def _offer(store: Store, page: str, file_name: str, data: bytes, key: str) -> None:
    with st.spinner("Reading the file"):
        preview = store.preview(file_name, data)
    mapping = _columns(preview, key) if preview.mapping else {}
    if mapping:
        preview = store.preview(file_name, data, mapping)
    st.text(preview.message)
    if len(preview.problems):
        panels.problem_table(preview.problems, key)
    if preview.blocking:
        st.error("Nothing can be imported before the points above are settled.", icon=":material/block:")
        return
    if preview.existing:
        st.info("These rows are in the store already: importing them again adds nothing.", icon=":material/check:")
        return
    _import(store, page, preview, key)


def _columns(preview: Preview, key: str) -> dict[str, str]:
    """The user's reading of the columns: what was changed, and everything once the box is ticked."""
    guesses = list(preview.mapping.values())
    frame = pd.DataFrame(
        {
            "column in the file": [guess.uploaded for guess in guesses],
            "first value": [preview.first_values.get(guess.uploaded, "") for guess in guesses],
            "read as": [guess.column or IGNORED for guess in guesses],
            "confidence": [guess.confidence for guess in guesses],
            "why": [guess.reason for guess in guesses],
        }
    )
    doubtful = [guess for guess in guesses if guess.confidence < preview.sure]
    with st.expander("How the columns are read", expanded=bool(preview.blocking), icon=":material/view_column:"):
        edited = st.data_editor(
            frame,
            hide_index=True,
            key=f"{key}.columns",
            disabled=["column in the file", "first value", "confidence", "why"],
            column_config={
                "read as": st.column_config.SelectboxColumn(options=[IGNORED, *file_columns()], required=True),
                "confidence": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            },
            alt="How each column of the file is read; choose in the column 'read as'",
        )
        settled = False
        if doubtful:
            settled = st.checkbox(
                f"Use the columns as chosen here, {len(doubtful)} of them by suggestion or ignored",
                key=f"{key}.settled",
                help="A column that is not known is never dropped or guessed without your word.",
            )
    read_as = ["" if choice == IGNORED else str(choice) for choice in edited["read as"]]
    return {
        guess.uploaded: choice
        for guess, choice in zip(guesses, read_as, strict=True)
        if settled or choice != guess.column
    }


def _import(store: Store, page: str, preview: Preview, key: str) -> None:
    st.dataframe(
        preview.rows.head(5).dropna(axis="columns", how="all"), hide_index=True, key=f"{key}.rows", alt="first rows"
    )
    n_rows, bad = len(preview.rows), len(preview.problems)
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    name = left.text_input("Name of the dataset", value=preview.default_name, max_chars=100, key=f"{key}.name")
    label = f"Import {n_rows} {'good ' if bad else ''}{'row' if n_rows == 1 else 'rows'}"
    if right.button(label, type="primary", key=f"{page}.import", icon=":material/download_done:", width="stretch"):
        dataset = store.commit(preview, name, skip_bad_rows=bool(bad))
        st.session_state[f"{page}.upload_number"] += 1
        st.session_state[f"{page}.upload_done"] = (dataset, preview.kind, n_rows)
        st.rerun()


def _say_done(store: Store, dataset: str, kind: str, n_rows: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(f"{n_rows} {KINDS[kind]} imported.", icon=":material/check_circle:")
        for name in store.table("datasets", dataset_id=dataset, kind="runs")["name"]:
            fit_link(name)


def fit_link(name: str) -> None:
    """Draws the link to the scaling-laws page with the runs of that dataset chosen."""
    st.page_link(
        "pages/scaling_laws.py",
        label="Fit these runs",
        icon=":material/trending_down:",
        query_params={"scaling_laws.source": name},
    )


def datasets(store: Store, page: str) -> None:
    """Draws the user's datasets, newest first, each with its undo."""
    known = store.datasets()
    if known.empty:
        st.caption("No file was imported yet. Uploads stay on this machine and can be undone.")
        return
    for row in known.to_dict("records"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(
                f"{row['name']}: {row['n_rows']} {KINDS[row['kind']]}, imported {row['imported_at']:%Y-%m-%d %H:%M} UTC"
            )
            if row["kind"] == "runs":
                fit_link(row["name"])
            if st.button("Undo import", key=f"{page}.undo.{row['dataset_id']}", icon=":material/undo:"):
                store.undo(row["dataset_id"])
                st.rerun()
