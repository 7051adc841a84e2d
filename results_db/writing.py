"""Changes to the store, each inside the caller's transaction: add rows, remember a dataset, take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from results_db.errors import unknown
from results_db.history import history, remember
from results_db.importers import probe_rows
from results_db.importers.preview import Preview
from results_db.migrations import utc_now

OWNED = ("runs", "loss_curves", "quality", "probe_results")  # the tables whose rows a dataset may own
ROW_GROUP = 122_880  # rows that DuckDB stores together
MEASURED = "measured"  # stands for a dataset_id where every row of a probe's file is in the store already


def add_probe_rows(cursor: duckdb.DuckDBPyConnection, frame: pd.DataFrame, origin: str, dataset: str | None) -> int:
    """How many rows of a probe were new and are added now."""
    known = cursor.execute("SELECT result_id FROM probe_results").df()["result_id"]
    new = frame[~frame["result_id"].isin(known)]
    _insert(cursor, "probe_results", new, origin=origin, dataset_id=dataset)
    return len(new)


def measured_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Probe rows as a frame; ValueError names the first thing that is wrong with one."""
    checked = []
    for position, record in enumerate(rows, 1):
        values, problems = probe_rows.check_row(record, position)
        if problems:
            raise ValueError(f"probe {problems[0]}")
        checked.append(values)
    return probe_rows.as_frame(checked)


def with_what_is_known(cursor: duckdb.DuckDBPyConnection, preview: Preview) -> Preview:
    """The preview with a remark on those of its rows that the store holds already."""
    if preview.rows.empty:
        return preview
    same = cursor.execute("SELECT name FROM datasets WHERE dataset_id = ?", [preview.dataset_id]).fetchall()
    if same:
        message = (
            f"{preview.file_name}: these rows are in the store already, as {same[0][0]!r}; importing adds nothing."
        )
        return replace(preview, existing=preview.dataset_id, message=message)
    put_aside = _put_aside(cursor, preview)
    if put_aside:
        return replace(preview, message=put_aside, blocking=put_aside)
    n_rows = len(preview.rows)
    if preview.kind not in _SEEN:
        return preview
    cursor.register("incoming", _arrow(preview.rows))
    seen = cursor.execute(_SEEN[preview.kind]).fetchall()[0][0]
    cursor.unregister("incoming")
    if not seen:
        return preview
    if preview.kind == "probe_results" and seen == n_rows:
        message = f"{preview.file_name}: all {n_rows} rows are in the store already; importing adds nothing."
        return replace(preview, existing=MEASURED, message=message)
    return replace(preview, message=f"{preview.message} {_SEEN_WORDS[preview.kind].format(n=seen)}")


def _put_aside(cursor: duckdb.DuckDBPyConnection, preview: Preview) -> str:
    """The sentence for rows that were imported and deleted before, "" for others."""
    found = cursor.execute(
        "SELECT content->>'name', deleted_at FROM deleted_rows WHERE table_name = 'datasets' AND dataset_id = ?",
        [preview.dataset_id],
    ).fetchall()
    if not found:
        return ""
    name, when = found[0]
    return (
        f"{preview.file_name}: these rows were imported before, as {name!r}, and deleted on {when:%Y-%m-%d}. Restore "
        "that dataset, or delete it for good before you import them anew."
    )


_SEEN = {
    "runs": "SELECT count(*) FROM incoming SEMI JOIN (FROM runs WHERE dataset_id IS NOT NULL) USING"
    " (n_params, n_tokens, loss)",
    "probe_results": "SELECT count(*) FROM incoming SEMI JOIN probe_results USING (result_id)",
}
_SEEN_WORDS = {
    "runs": "{n} of these rows have the size, tokens and loss of runs that were imported before.",
    "probe_results": "{n} of these rows are in the store already and are not added again.",
}


def add_dataset(cursor: duckdb.DuckDBPyConnection, preview: Preview, name: str) -> str:
    """The dataset_id of a preview's rows, added unless they are there already."""
    dataset = preview.dataset_id
    if cursor.execute("SELECT 1 FROM datasets WHERE dataset_id = ?", [dataset]).fetchall():
        return dataset
    if put_aside := _put_aside(cursor, preview):
        raise ValueError(f"nothing was imported: {put_aside}")
    taken = {taken for (taken,) in cursor.execute("SELECT name FROM datasets").fetchall()}
    n_rows = len(preview.rows)
    if preview.kind == "probe_results":
        n_rows = add_probe_rows(cursor, preview.rows, "uploaded", dataset)
        if not n_rows:
            return MEASURED
    else:
        for table, frame in preview.tables.items():
            _insert(cursor, table, frame, source_id=dataset, dataset_id=dataset, origin="uploaded")
    about = preview.shared
    cursor.execute(
        "INSERT INTO datasets (dataset_id, name, file_name, sha256, kind, n_rows, n_points, imported_at, answers,"
        " origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'uploaded')",
        [
            *(dataset, free_name(name, taken)),
            *(about.file_name if about else preview.file_name, about.sha256 if about else preview.sha256),
            *(preview.kind, n_rows, len(preview.curves) or None),
            *(about.imported_at if about else utc_now(), (about.answers if about else preview.answers) or None),
        ],
    )
    if about:
        _insert(cursor, "history", about.history.drop(columns="dataset_id", errors="ignore"), dataset_id=dataset)
        remember(cursor, dataset, "import", new=preview.file_name)
    return dataset


def require_dataset(cursor: duckdb.DuckDBPyConnection, dataset: str) -> str:
    """The name of a dataset; ValueError when there is no such dataset."""
    known = dict(cursor.execute("SELECT dataset_id, name FROM datasets").fetchall())
    if dataset not in known:
        raise ValueError(unknown("dataset", dataset, list(known)))
    return known[dataset]


def remove_dataset(cursor: duckdb.DuckDBPyConnection, dataset: str) -> int:
    """How many rows a dataset had, which are gone now as if it had never been imported.

    ValueError when there is no such dataset, or when it was changed since: then it can only be deleted.
    """
    name = require_dataset(cursor, dataset)
    last = history(cursor, dataset)["action"].tail(1)
    if len(last) and last.item() != "import":
        raise ValueError(
            f"the import of {name!r} cannot be undone: the dataset was changed since. Delete it instead; a deleted "
            "dataset can be restored"
        )
    removed = 0
    for table in OWNED:
        removed += cursor.execute(f"DELETE FROM {table} WHERE dataset_id = ?", [dataset]).fetchall()[0][0]
    for table in ("datasets", "history"):
        cursor.execute(f"DELETE FROM {table} WHERE dataset_id = ?", [dataset])
    return removed


def _insert(cursor: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame, **same_in_all: str | None) -> None:
    """Adds the rows of a frame with columns that hold one value for all of them."""
    if frame.empty:
        return
    cursor.register("incoming", _arrow(frame))
    more = "".join(f", ? AS {column}" for column in same_in_all)
    cursor.execute(f"INSERT INTO {table} BY NAME SELECT *{more} FROM incoming", list(same_in_all.values()))
    cursor.unregister("incoming")


def _arrow(frame: pd.DataFrame) -> pa.Table:
    """The frame as DuckDB reads it: without a copy of every text, in pieces that several threads take."""
    whole = pa.Table.from_pandas(frame, preserve_index=False)
    return pa.Table.from_batches(whole.to_batches(max_chunksize=ROW_GROUP), whole.schema)


def free_name(name: str, taken: set[str]) -> str:
    """The name, with a number behind it when it is taken."""
    candidates = (name if number == 1 else f"{name} ({number})" for number in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if candidate not in taken)
