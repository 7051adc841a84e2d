"""A store of any older schema becomes one of the newest with all its rows, or stays exactly as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from results_db import Store, StoreError
from results_db.migrations import MIGRATIONS, migrate, require_known, version_of
from results_db.schema import TABLES_V1

OLDER = range(1, len(MIGRATIONS))


def old_store(path: Path, version: int, valid_rows: dict[str, dict[str, Any]]) -> dict[str, list[tuple]]:
    """Makes a store of an older schema version with a row in every table; returns the rows."""
    with duckdb.connect(str(path)) as connection:
        migrate(connection, MIGRATIONS[:version])
        for table, row in valid_rows.items():
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        return {table.name: connection.execute(f"SELECT * FROM {table.name}").fetchall() for table in TABLES_V1}


@pytest.mark.parametrize("version", OLDER)
def test_a_store_of_an_older_schema_keeps_every_row(
    version: int, own_store_path: Path, valid_rows: dict[str, dict]
) -> None:
    before = old_store(own_store_path, version, valid_rows)
    with duckdb.connect(str(own_store_path)) as connection:
        migrate(connection)
        for table, rows in before.items():
            after = connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()
            assert [row[: len(rows[0])] for row in after] == rows, table
        assert version_of(connection) == len(MIGRATIONS)
        versions = connection.execute("SELECT version FROM schema_version ORDER BY version").fetchall()
        assert versions == [(number,) for number in range(1, len(MIGRATIONS) + 1)]


@pytest.mark.parametrize("version", OLDER)
def test_a_migrated_store_has_the_columns_and_comments_of_a_new_one(
    version: int, own_store_path: Path, valid_rows: dict[str, dict], empty_file: Path, tmp_path: Path
) -> None:
    old_store(own_store_path, version, valid_rows)
    new = tmp_path / "new.duckdb"
    new.write_bytes(empty_file.read_bytes())
    with Store.open(own_store_path) as migrated, Store.open(new) as fresh:
        assert migrated.describe().equals(fresh.describe())


def test_a_second_opening_changes_nothing(own_store_path: Path, valid_rows: dict[str, dict]) -> None:
    old_store(own_store_path, 1, valid_rows)
    Store.open(own_store_path).close()
    once = own_store_path.read_bytes()
    Store.open(own_store_path).close()
    assert own_store_path.read_bytes() == once


def fails_half_way(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE TABLE half_made (x INTEGER)")
    connection.execute("DELETE FROM runs")
    connection.execute("ALTER TABLE runs ADD COLUMN loss DOUBLE")  # it exists: this raises


def test_a_failing_migration_leaves_the_store_as_it_was(own_store_path: Path, valid_rows: dict[str, dict]) -> None:
    before = old_store(own_store_path, 1, valid_rows)
    with duckdb.connect(str(own_store_path)) as connection:
        with pytest.raises(duckdb.Error, match="loss"):
            migrate(connection, (*MIGRATIONS, fails_half_way))
        assert version_of(connection) == 1
        assert connection.execute("SELECT * FROM runs").fetchall() == before["runs"]
        tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        assert ("half_made",) not in tables
    with Store.open(own_store_path) as store:
        assert list(store.table("datasets")["name"]) == ["mine"]


def test_a_newer_store_is_refused_and_left_as_it_is(own_store_path: Path, valid_rows: dict[str, dict]) -> None:
    old_store(own_store_path, len(MIGRATIONS), valid_rows)
    with duckdb.connect(str(own_store_path)) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99, 'from_the_future', current_localtimestamp())")
    before = own_store_path.read_bytes()
    with pytest.raises(StoreError, match=rf"version 99, this program knows versions up to {len(MIGRATIONS)}; update"):
        Store.open(own_store_path)
    assert own_store_path.read_bytes() == before


@pytest.mark.parametrize(
    "statements",
    [
        "CREATE TABLE mine (x INTEGER)",
        "CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (1)",
        "CREATE TABLE schema_version (version INTEGER, migration VARCHAR, applied_at TIMESTAMP)",
        "CREATE TABLE schema_version (major VARCHAR)",
    ],
)
def test_someone_elses_database_is_refused_and_left_as_it_is(statements: str, own_store_path: Path) -> None:
    with duckdb.connect(str(own_store_path)) as connection:
        connection.execute(statements)
    before = own_store_path.read_bytes()
    with pytest.raises(StoreError, match="is a DuckDB file but not a Precision Atlas store; set PRECISION_ATLAS_DB"):
        Store.open(own_store_path)
    assert own_store_path.read_bytes() == before


def test_every_known_version_is_accepted() -> None:
    for version in range(1, len(MIGRATIONS) + 1):
        require_known(version, Path("any"))
