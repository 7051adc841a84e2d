"""The tables: every column says what it holds, and no constraint lets a senseless value in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from results_db import Store
from results_db.migrations import migrate
from results_db.schema import TABLES_V1

NUMBERS = [(table.name, name) for table in TABLES_V1 for name, kind, _ in table.columns if kind.startswith("DOUBLE")]
UNSIGNED = [(table, column) for table, column in NUMBERS if table != "law_coefficients" and column != "params_diff_pct"]
WITH_ORIGIN = [table.name for table in TABLES_V1 if any(name == "origin" for name, _, _ in table.columns)]


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of the newest schema without rows, for rows that are refused."""
    with duckdb.connect() as connection:
        migrate(connection)
        yield connection


@contextmanager
def taken_back(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A block whose rows are gone after it."""
    database.execute("BEGIN")
    try:
        yield
    finally:
        database.execute("ROLLBACK")


def insert(database: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any]) -> None:
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(row.values()))


def test_every_column_has_a_comment_and_numbers_name_their_unit(empty_store: Store) -> None:
    columns = empty_store.describe()
    assert columns["comment"].notna().all(), columns[columns["comment"].isna()]
    numbers = columns[(columns["type"] == "DOUBLE") & (columns["table"] != "law_coefficients")]
    silent = numbers[~numbers["comment"].str.contains(r"\[.+\]|unit")]
    assert silent.empty, silent[["table", "column", "comment"]]


def test_the_valid_rows_are_accepted(database: duckdb.DuckDBPyConnection, valid_rows: dict[str, dict]) -> None:
    with taken_back(database):
        for table, row in valid_rows.items():
            insert(database, table, row)
    assert set(valid_rows) == {table.name for table in TABLES_V1}


@pytest.mark.parametrize(("table", "column"), NUMBERS)
def test_no_number_may_be_infinite_or_not_a_number(
    table: str, column: str, database: duckdb.DuckDBPyConnection, valid_rows: dict[str, dict]
) -> None:
    for value in (float("nan"), float("inf"), float("-inf")):
        with pytest.raises(duckdb.ConstraintException):
            insert(database, table, valid_rows[table] | {column: value})


@pytest.mark.parametrize(("table", "column"), UNSIGNED)
def test_no_physical_quantity_may_be_negative(
    table: str, column: str, database: duckdb.DuckDBPyConnection, valid_rows: dict[str, dict]
) -> None:
    with pytest.raises(duckdb.ConstraintException):
        insert(database, table, valid_rows[table] | {column: -1.0})


@pytest.mark.parametrize("table", WITH_ORIGIN)
@pytest.mark.parametrize("origin", ["guessed", "", "Published", None])
def test_every_row_says_where_it_comes_from(
    table: str, origin: str | None, database: duckdb.DuckDBPyConnection, valid_rows: dict[str, dict]
) -> None:
    with pytest.raises(duckdb.ConstraintException):
        insert(database, table, valid_rows[table] | {"origin": origin})


REFUSED = [
    ("runs", {"loss": 0.0}),
    ("runs", {"loss": None}),
    ("runs", {"n_params": None}),
    ("runs", {"n_params": 0.0}),
    ("runs", {"params_counted": "most"}),
    ("runs", {"weight_bits": 65.0}),
    ("runs", {"source_id": None}),
    ("datasets", {"kind": "models"}),
    ("datasets", {"n_rows": -1}),
    ("methods", {"role": "sideways"}),
    ("law_coefficients", {"evidence": "memory"}),
    ("law_coefficients", {"low": 2.0, "high": 1.0}),
    ("devices", {"evidence": "memory"}),
    ("throughput", {"phase": "both"}),
    ("sources", {"year": 25}),
]


@pytest.mark.parametrize(("table", "change"), REFUSED)
def test_a_row_against_the_rules_is_refused(
    table: str, change: dict, database: duckdb.DuckDBPyConnection, valid_rows: dict[str, dict]
) -> None:
    with pytest.raises(duckdb.ConstraintException):
        insert(database, table, valid_rows[table] | change)


@pytest.mark.parametrize("table", [table.name for table in TABLES_V1 if table.name != "throughput"])
def test_no_row_is_there_twice(table: str, database: duckdb.DuckDBPyConnection, valid_rows: dict[str, dict]) -> None:
    with taken_back(database):
        insert(database, table, valid_rows[table])
        with pytest.raises(duckdb.ConstraintException):
            insert(database, table, valid_rows[table])


def test_a_shipped_value_against_the_rules_leaves_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = tmp_path / "devices.csv"
    bad.write_text("device,source_id,vendor,bf16_tflops,evidence,locator\nX,s,v,-1,primary,here\n")
    monkeypatch.setattr("results_db.shipped.data_files", lambda entry: [bad] if entry == "devices.csv" else [])
    with pytest.raises(duckdb.ConstraintException):
        Store.create(tmp_path / "new.duckdb")
    assert [path.name for path in tmp_path.iterdir()] == ["devices.csv"]
