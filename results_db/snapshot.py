"""All tables of a store at one moment, as a DuckDB file of their own: plain tables with their comments."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

import duckdb

from results_db import reading
from results_db.opening import transaction
from results_db.schema import quoted


def write_snapshot(cursor: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Writes every table that the cursor sees to a new file at `path`, with its comments, without keys and checks.

    Others may read and write the store meanwhile: the file holds what was there when the copy began.
    """
    name = f"snapshot_{secrets.token_hex(6)}"
    cursor.execute(f"ATTACH {quoted(str(path))} AS {name}")
    try:
        with transaction(cursor):
            for table in reading.tables(cursor):
                columns = ", ".join(reading.columns(cursor, table))
                cursor.execute(f"CREATE TABLE {name}.main.{table} AS SELECT {columns} FROM {table} ORDER BY rowid")
            for table, column, _, comment in reading.describe(cursor).itertuples(index=False, name=None):
                if comment:
                    cursor.execute(f"COMMENT ON COLUMN {name}.main.{table}.{column} IS {quoted(comment)}")
    except BaseException:
        with suppress(duckdb.Error):  # the first failure is the one to tell
            cursor.execute(f"DETACH {name}")
        raise
    cursor.execute(f"DETACH {name}")
