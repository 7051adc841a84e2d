"""From a dropped file to a dataset: kind, columns, problems, import. Its text is shown as text, never as markup."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages.ui import panels, questions
from results_db import Preview, Store, StoreError, file_columns

IGNORED = "(ignore)"
LIMIT_MB = 200
KEPT = 4  # previews of one file that a session remembers
COUNTS = dict.fromkeys(
    ("n_params", "n_tokens", "flops", "batch_tokens"), st.column_config.NumberColumn(format="compact")
)
# Kind of a dataset -> what one of its rows is called, and what several are.
KINDS = {
    "runs": ("training run", "training runs"),
    "loss_curves": ("point of loss curves", "points of loss curves"),
    "quality": ("evaluation", "evaluations"),
    "probe_results": ("probe result", "probe results"),
}


def readable(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with FLOPs as text: beyond 2^53 a browser shows no number as it is."""
    if "flops" not in rows:
        return rows
    return rows.assign(flops=[f"{flops:.6g}" if pd.notna(flops) else None for flops in rows["flops"]])


def counted(n: int, kind: str) -> str:
    """A number of rows of a kind, in words."""
    return f"{n:,} {KINDS[kind][n != 1]}"


def drop_zone(store: Store, page: str, label: str, help_text: str) -> None:
    """Draws a drop zone and what follows a drop; after an import the zone is empty again."""
    number = st.session_state.setdefault(f"{page}.upload_number", 0)
    done = st.session_state.get(f"{page}.upload_done")
    file = st.file_uploader(label, key=f"{page}.file.{number}", max_upload_size=LIMIT_MB, help=help_text)
    said = st.container()  # what was done and what is offered keep their own places: neither fades into the other
    if file is None:
        if done:
            with said:
                _say_done(store, page, *done)
        return
    st.session_state.pop(f"{page}.upload_done", None)
    with st.container(border=True):
        _offer(store, page, file, f"{page}.{number}")


def _offer(store: Store, page: str, file: UploadedFile, key: str) -> None:
    def read(mapping: dict[str, str], facts: dict[str, str]) -> Preview:
        return _remembered(store, file, mapping, facts, key)

    with st.spinner("Reading the file"):
        preview = read({}, {})
    mapping = _columns(preview, key) if preview.mapping else {}
    if mapping:
        preview = read(mapping, {})
    preview = questions.answered(preview, lambda facts: read(mapping, facts), key)
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


def _remembered(store: Store, file: UploadedFile, mapping: dict[str, str], facts: dict[str, str], key: str) -> Preview:
    """The preview for these answers, read anew only when they change: a rerun of the page reads no file."""
    asked = (file.file_id, tuple(sorted(mapping.items())), tuple(sorted(facts.items())))
    kept: dict = st.session_state.setdefault(f"{key}.previews", {})
    if asked not in kept:
        while len(kept) >= KEPT:
            kept.pop(next(iter(kept)))
        kept[asked] = store.preview(file.name, file.getvalue(), mapping, facts)
    return kept[asked]


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
        readable(preview.rows.head(5).dropna(axis="columns", how="all")),
        hide_index=True,
        key=f"{key}.rows",
        column_config=COUNTS,
        alt="first rows",
    )
    bad = bool(len(preview.problems))
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    name = left.text_input("Name of the dataset", value=preview.default_name, max_chars=100, key=f"{key}.name")
    label = f"Import {counted(len(preview.rows), preview.kind)}{', without the bad rows' if bad else ''}"
    if right.button(label, type="primary", key=f"{page}.import", icon=":material/download_done:", width="stretch"):
        try:
            with st.spinner("Importing"):
                dataset = store.commit(preview, name, skip_bad_rows=bad)
        except (ValueError, StoreError) as problem:
            st.error(panels.plain(str(problem)), icon=":material/block:")
            return
        st.session_state.pop(f"{key}.previews", None)
        st.session_state[f"{page}.upload_number"] += 1
        st.session_state[f"{page}.upload_done"] = (dataset, _imported(preview))
        st.session_state[f"{page}.dataset"] = dataset  # opened under "My datasets", whatever was open before
        st.rerun()


def _imported(preview: Preview) -> str:
    points = f" with {counted(len(preview.curves), 'loss_curves')}" if len(preview.curves) else ""
    return f"{counted(len(preview.rows), preview.kind)}{points} imported."


def _say_done(store: Store, page: str, dataset: str, sentence: str) -> None:
    """Says what the last file added, with its undo, as long as it is there."""
    known = store.table("datasets", dataset_id=dataset).to_dict("records")
    if not known and dataset.startswith("upload"):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(sentence, icon=":material/check_circle:")
        for row in known:
            if row["kind"] == "runs":
                fit_link(row["name"])
            if st.button("Undo import", key=f"{page}.undo.{dataset}", icon=":material/undo:"):
                doing(lambda: store.undo(dataset))


def doing(change: Callable[[], object]) -> None:
    """Makes a change of the store and draws the page anew, or says why it cannot be made."""
    try:
        change()
    except (ValueError, StoreError) as problem:
        st.error(panels.plain(str(problem)), icon=":material/block:")
    else:
        st.rerun()


def fit_link(name: str) -> None:
    """Draws the link to the scaling-laws page with the runs of that dataset chosen."""
    st.page_link(
        "pages/scaling_laws.py",
        label="Fit these runs",
        icon=":material/trending_down:",
        query_params={"scaling_laws.source": name},
    )
