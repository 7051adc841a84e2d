"""My datasets: what each holds, corrected, renamed, shared, deleted and restored, with everything that was changed."""

from __future__ import annotations

import json
import re
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import figures_curves, panels, people, uploads
from pages.ui.uploads import counted, doing
from results_db import EDITABLE, Store

MOST_SHOWN = 1000  # rows of a dataset; the command line corrects any of them
USUAL = (("loss_unit", "nats per token"), ("keep", "the run and its curves"))  # answers that go without saying
HISTORY = {
    "changed_at": st.column_config.DatetimeColumn("when [UTC]", format="YYYY-MM-DD HH:mm"),
    "action": "what",
    "row_key": "run",
    "column_name": "column",
    "old_value": "old value",
    "new_value": "new value",
}


def panel(store: Store, page: str) -> None:
    """Draws the user's datasets, one of them open, and below it those that were deleted."""
    known, gone = store.datasets(), store.deleted()
    with st.expander(f"My datasets ({len(known)})", icon=":material/folder_open:", key=f"{page}.own"):
        if known.empty:
            st.caption("No file was imported yet. Uploads stay on this machine and can be undone.")
        else:
            names = dict(zip(known["dataset_id"], known["name"], strict=True))
            picked = st.selectbox(
                "Dataset", list(names), format_func=lambda key: names.get(key, key), key=f"{page}.dataset"
            )
            (about,) = known[known["dataset_id"] == picked].to_dict("records")
            _opened(store, page, about)
        if len(gone):
            _bin(store, page, gone)


def _opened(store: Store, page: str, about: dict[str, Any]) -> None:
    dataset = about["dataset_id"]
    points = f" with {counted(int(about['n_points']), 'loss_curves')}" if pd.notna(about["n_points"]) else ""
    st.text(
        f"{counted(about['n_rows'], about['kind'])}{points} from {about['file_name']}, imported "
        f"{about['imported_at']:%Y-%m-%d %H:%M} UTC{_answers(about['answers'])}"
    )
    _verbs(store, page, about)
    changes = store.history(dataset)
    curves = store.table("loss_curves", dataset_id=dataset)
    titles = ["Rows", *(["Loss curves"] if len(curves) else []), f"History ({len(changes)})"]
    tabs = dict(zip(titles, st.tabs(titles), strict=True))
    with tabs["Rows"]:
        _rows(store, page, about)
    if len(curves):
        with tabs["Loss curves"]:
            panels.show_figure(
                figures_curves.curves_figure(curves),
                f"Loss against steps of {curves['curve_id'].nunique()} curves",
                curves.dropna(axis="columns", how="all"),
                f"{page}.curves.{dataset}",
                f"{len(curves):,} points of {curves['curve_id'].nunique()} uploaded curves, as logged; no interval.",
            )
    with tabs[f"History ({len(changes)})"]:
        _history(page, dataset, changes)


def _answers(said: object) -> str:
    """What was answered when the file was imported, in words."""
    facts = json.loads(said).get("facts", {}) if isinstance(said, str) else {}
    told = [f"{name} {answer}" for name, answer in facts.items() if answer and (name, answer) not in USUAL]
    return f"; {', '.join(told)}" if told else ""


def _verbs(store: Store, page: str, about: dict[str, Any]) -> None:
    dataset, name = about["dataset_id"], about["name"]
    with st.container(horizontal=True, vertical_alignment="center"):
        if about["kind"] == "runs":
            uploads.fit_link(name)
        with st.popover("Rename", icon=":material/edit:"):
            new = st.text_input("New name", value=name, max_chars=100, key=f"{page}.name.{dataset}")
            if st.button("Rename", key=f"{page}.rename.{dataset}", type="primary", disabled=not new.strip()):
                doing(lambda: store.rename(dataset, new))
        st.download_button(
            "Share as one file",
            lambda: store.share(dataset),
            f"{re.sub(r'[^A-Za-z0-9._-]+', '_', name)}.atlas.txt",
            "text/plain",
            key=f"{page}.share.{dataset}",
            icon=":material/share:",
            on_click="ignore",
            help="Rows, provenance and history. Dropped into another store it is the same dataset.",
        )
        with st.popover("Delete", icon=":material/delete:"):
            st.text(f"Delete {name}? It can be restored from the list of deleted datasets.")
            if people.button("delete", "Delete this dataset", key=f"{page}.delete.{dataset}", type="primary"):
                doing(lambda: store.delete(dataset))


def _rows(store: Store, page: str, about: dict[str, Any]) -> None:
    dataset, kind = about["dataset_id"], about["kind"]
    rows = store.first_rows(kind, MOST_SHOWN, dataset_id=dataset)
    offered = rows.drop(columns=["dataset_id", "source_id", "origin"], errors="ignore").dropna(
        axis="columns", how="all"
    )
    more = f"The first {len(rows):,} of {about['n_rows']:,} rows are shown." if about["n_rows"] > len(rows) else ""
    if kind != "runs":
        panels.show_table(offered, f"{page}.rows.{dataset}", more, height=300, raw=True)
        return
    st.data_editor(
        uploads.readable(offered),
        hide_index=True,
        key=f"{page}.edited.{dataset}",
        disabled=[column for column in offered if column not in EDITABLE],
        height=min(300, 38 + 35 * len(offered)),
        column_config=uploads.COUNTS,
        alt="The runs of this dataset; a cell that is changed is saved with its old value",
    )
    edited = st.session_state[f"{page}.edited.{dataset}"]["edited_rows"]
    changes = [
        (str(offered["run_id"].iloc[position]), column, "" if value is None else str(value))
        for position, cells in edited.items()
        for column, value in cells.items()
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"Save {len(changes)} corrections" if len(changes) != 1 else "Save 1 correction",
            key=f"{page}.save.{dataset}",
            disabled=not changes,
            icon=":material/save:",
        ):
            doing(lambda: store.edit(dataset, changes))
        st.caption(f"Change a cell to correct it; the old value is kept in the history. {more}")


def _history(page: str, dataset: str, changes: pd.DataFrame) -> None:
    if changes.empty:
        st.caption("Nothing was changed since the import.")
    else:
        panels.show_table(changes.drop(columns="dataset_id"), f"{page}.history.{dataset}", columns=HISTORY)


def _bin(store: Store, page: str, gone: pd.DataFrame) -> None:
    st.markdown(f"**Deleted ({len(gone)})**")
    for row in gone.to_dict("records"):
        dataset = row["dataset_id"]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(
                f"{row['name']}: {counted(row['n_rows'], row['kind'])}, deleted {row['deleted_at']:%Y-%m-%d %H:%M} UTC"
            )
            icon = ":material/restore_from_trash:"
            if people.button("delete", "Restore", key=f"{page}.restore.{dataset}", icon=icon):
                doing(lambda dataset=dataset: store.restore(dataset))
            with st.popover("Delete for good", icon=":material/delete_forever:"):
                st.text(f"{row['name']} and its history cannot be brought back after this.")
                if people.button("delete", "Delete for good", key=f"{page}.purge.{dataset}", type="primary"):
                    doing(lambda dataset=dataset: store.purge(dataset))
