"""Users' datasets that were deleted: put aside row by row, restored as they were, or deleted for good."""

from __future__ import annotations

import json
from datetime import datetime

import duckdb
import pandas as pd

from results_db import reading
from results_db.editing import rename
from results_db.errors import unknown
from results_db.history import remember
from results_db.migrations import utc_now
from results_db.writing import OWNED, require_dataset


def delete(cursor: duckdb.DuckDBPyConnection, dataset: str) -> int:
    """How many rows of a dataset were put aside; `restore` brings them back until `purge`."""
    require_dataset(cursor, dataset)
    now = utc_now()
    aside = sum(_put_aside(cursor, table, dataset, now) for table in ("datasets", *OWNED))
    remember(cursor, dataset, "delete")
    return aside - 1


def _put_aside(cursor: duckdb.DuckDBPyConnection, table: str, dataset: str, now: datetime) -> int:
    """How many rows of a table were moved to deleted_rows, in their order, with the columns that say something.

    No INSERT without rows: after a large one in the same transaction, DuckDB 1.5 loses sight of the rows of both.
    """
    columns = [f'"{name}"' for name in reading.columns(cursor, table)]
    said = cursor.execute(
        f"SELECT {', '.join(f'count({column})' for column in columns)} FROM {table} WHERE dataset_id = ?", [dataset]
    ).fetchall()[0]
    pairs = ", ".join(f"{column} := {column}" for column, n in zip(columns, said, strict=True) if n)
    if not pairs:
        return 0
    cursor.execute(
        "INSERT INTO deleted_rows (dataset_id, deleted_at, table_name, content)"
        f" SELECT dataset_id, ?, ?, CAST(to_json(struct_pack({pairs})) AS VARCHAR) FROM {table}"
        " WHERE dataset_id = ? ORDER BY rowid",
        [now, table, dataset],
    )
    return cursor.execute(f"DELETE FROM {table} WHERE dataset_id = ?", [dataset]).fetchall()[0][0]


def deleted(cursor: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The deleted datasets, the newest deletion first: dataset_id, name, kind, n_rows, deleted_at."""
    found = cursor.execute(
        "SELECT dataset_id, content->>'name' AS name, content->>'kind' AS kind,"
        " CAST(content->>'n_rows' AS INTEGER) AS n_rows, deleted_at"
        " FROM deleted_rows WHERE table_name = 'datasets' ORDER BY deleted_at DESC, rowid DESC"
    )
    return found.df()


def restore(cursor: duckdb.DuckDBPyConnection, dataset: str) -> int:
    """How many rows of a deleted dataset are back, as they were."""
    _require_deleted(cursor, dataset)
    described = reading.describe(cursor)
    back = 0
    for table in ("datasets", *OWNED):
        types = dict(described.loc[described["table"] == table, ["column", "type"]].itertuples(index=False, name=None))
        listed = ", ".join(f'"{name}"' for name in types)
        fields = ", ".join(f'found."{name}"' for name in types)
        back += cursor.execute(
            f"INSERT INTO {table} ({listed}) SELECT {fields} FROM (SELECT json_transform(content, ?) AS found"
            " FROM deleted_rows WHERE dataset_id = ? AND table_name = ? ORDER BY rowid)",
            [json.dumps(types), dataset, table],
        ).fetchall()[0][0]
    cursor.execute("DELETE FROM deleted_rows WHERE dataset_id = ?", [dataset])
    remember(cursor, dataset, "restore")
    (name,) = cursor.execute("SELECT name FROM datasets WHERE dataset_id = ?", [dataset]).fetchall()[0]
    if cursor.execute("SELECT count(*) FROM datasets WHERE name = ?", [name]).fetchall()[0][0] > 1:
        rename(cursor, dataset, f"{name} (restored)")
    return back - 1


def purge(cursor: duckdb.DuckDBPyConnection, dataset: str) -> int:
    """How many rows of a deleted dataset are gone for good, with its history."""
    _require_deleted(cursor, dataset)
    gone = cursor.execute("DELETE FROM deleted_rows WHERE dataset_id = ?", [dataset]).fetchall()[0][0]
    cursor.execute("DELETE FROM history WHERE dataset_id = ?", [dataset])
    return gone - 1


def _require_deleted(cursor: duckdb.DuckDBPyConnection, dataset: str) -> None:
    known = list(deleted(cursor)["dataset_id"])
    if dataset not in known:
        raise ValueError(unknown("deleted dataset", dataset, known))
