"""One dataset as one file that imports into another store as the same dataset.

The first line is a JSON object: what the dataset is, its history, and the size in bytes of each table after it with
the SHA-256 of them all. The tables follow as CSV, each with its header.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import duckdb
import pandas as pd

from results_db import reading
from results_db.formulas import safe_cells
from results_db.importers.aliases import SET_BY_STORE
from results_db.importers.shared import FORMAT, VERSION
from results_db.writing import OWNED, require_dataset


def share(cursor: duckdb.DuckDBPyConnection, dataset: str) -> bytes:
    """The file of a dataset; ValueError when there is no such dataset."""
    require_dataset(cursor, dataset)
    frames = {table: reading.rows(cursor, table, {"dataset_id": dataset}) for table in OWNED}
    tables = {table: _table(table, frame) for table, frame in frames.items() if len(frame)}
    body = b"".join(tables.values())
    (about,) = _records(reading.rows(cursor, "datasets", {"dataset_id": dataset}))
    head = {
        FORMAT: VERSION,
        "dataset": {key: about[key] for key in ("name", "file_name", "sha256", "kind", "imported_at", "answers")},
        "history": _records(reading.rows(cursor, "history", {"dataset_id": dataset}).drop(columns="dataset_id")),
        "tables": {table: len(data) for table, data in tables.items()},
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return f"{json.dumps(head, ensure_ascii=False)}\n".encode() + body


def _table(name: str, frame: pd.DataFrame) -> bytes:
    own = frame.drop(columns=[column for column in SET_BY_STORE if column in frame]).dropna(axis="columns", how="all")
    if name == "probe_results":  # its texts may hold characters that no table does
        rows = [json.dumps(record, ensure_ascii=True) for record in _records(own)]
        own = pd.DataFrame({"row": rows})
    return safe_cells(own).to_csv(index=False, lineterminator="\n").encode()


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as JSON values, null where there is none; times as ISO 8601."""
    for name in frame.select_dtypes("datetime"):
        frame[name] = frame[name].dt.strftime("%Y-%m-%dT%H:%M:%S").where(frame[name].notna())
    return frame.astype(object).where(frame.notna(), None).to_dict("records")
