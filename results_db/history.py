"""What users changed in their own datasets: every change with its time, its old and its new value."""

from __future__ import annotations

import duckdb
import pandas as pd

from results_db import reading
from results_db.migrations import utc_now


def remember(
    cursor: duckdb.DuckDBPyConnection,
    dataset: str,
    action: str,
    column: str | None = None,
    old: str | None = None,
    new: str | None = None,
    row_key: str | None = None,
) -> None:
    """Writes down one change; `row_key` is the run_id of the changed run."""
    cursor.execute(
        "INSERT INTO history (dataset_id, changed_at, action, row_key, column_name, old_value, new_value)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [dataset, utc_now(), action, row_key, column, old, new],
    )


def history(cursor: duckdb.DuckDBPyConnection, dataset: str) -> pd.DataFrame:
    """What was changed in a dataset, the oldest change first."""
    return reading.rows(cursor, "history", {"dataset_id": dataset})
