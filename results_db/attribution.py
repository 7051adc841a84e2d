"""Which sources the published rows come from, counted in the store table by table."""

from __future__ import annotations

import duckdb
import pandas as pd

from results_db.reading import describe

KEY = "source_id"  # a column whose name ends so is a key of sources, or of the dataset of an uploaded row


def rows_by_source(cursor: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Rows of every source in every table that has some: source_id, table_name, n_rows.

    Uploaded rows are left out. A row that names two sources counts once for each.
    """
    columns = describe(cursor)
    keys = columns[columns["column"].str.endswith(KEY) & (columns["table"] != "sources")]
    counts = [_counted(table, list(names)) for table, names in keys.groupby("table")["column"]]
    return cursor.execute(f"{' UNION ALL '.join(counts)} ORDER BY {KEY}, n_rows DESC, table_name").df()


def _counted(table: str, keys: list[str]) -> str:
    """The query that counts the rows of one table by the sources that they name in these columns."""
    named = " UNION ".join(f"SELECT rowid, {key} AS {KEY} FROM {table}" for key in keys)
    return (
        f"SELECT {KEY}, '{table}' AS table_name, count(*) AS n_rows FROM ({named})"
        f" WHERE {KEY} IN (SELECT {KEY} FROM sources) GROUP BY {KEY}"
    )
