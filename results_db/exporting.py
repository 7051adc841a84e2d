"""A table as a file: CSV that is safe to open in a spreadsheet, or Parquet."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb

from results_db import reading
from results_db.errors import unknown
from results_db.formulas import safe_cells

FORMATS = ("csv", "parquet")


def export(cursor: duckdb.DuckDBPyConnection, table: str, fmt: str, source: str | None) -> bytes:
    """The rows of a table, of one source only where `source` is given; ValueError for unknown names.

    In CSV, text that a spreadsheet would run as a formula has an apostrophe before it, which the import removes.
    """
    if fmt not in FORMATS:
        raise ValueError(unknown("format", fmt, FORMATS))
    where = {} if source is None else {_owner(cursor, table): source}
    frame = reading.rows(cursor, table, where)
    if source is not None and frame.empty:
        column = next(iter(where))
        known = reading.rows(cursor, table, {})[column].dropna().unique()
        raise ValueError(unknown(f"source of {table}", source, [str(key) for key in known]))
    if fmt == "csv":
        return safe_cells(frame).to_csv(index=False, lineterminator="\n").encode()
    return _parquet(cursor, *reading.selection(cursor, table, where))


def _owner(cursor: duckdb.DuckDBPyConnection, table: str) -> str:
    known = reading.columns(cursor, table)
    for column in ("source_id", "dataset_id"):
        if column in known:
            return column
    raise ValueError(f"the rows of {table} carry no source; export the whole table")


def _parquet(cursor: duckdb.DuckDBPyConnection, query: str, parameters: list[Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        cursor.sql(query, params=parameters).write_parquet(str(path))
        return path.read_bytes()
