"""The tables on a server are the tables in a file, from every older schema version, made from the same migrations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from postgres_servers import PostgresServer

from results_db import Store
from results_db.migrations import MIGRATIONS, Database, apply_missing, migrate
from results_db.schema import TABLES_V1
from results_db.shared import server_engine
from results_db.shared.address import address_of
from results_db.shared.dialect import MigratingCursor, translated

_ALWAYS = (1, len(MIGRATIONS) - 1)
OLDER = [
    pytest.param(version, marks=() if version in _ALWAYS else pytest.mark.exhaustive)
    for version in range(1, len(MIGRATIONS))
]


def insert(database: Database, rows: dict[str, dict[str, Any]]) -> None:
    for table, row in rows.items():
        marks = ", ".join("?" * len(row))
        database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def old_server(url: str, version: int, rows: dict[str, dict[str, Any]]) -> None:
    """Makes a store of an older schema version on a server, with a row in every table."""
    engine = server_engine.ServerEngine(address_of(url))
    server_engine._make_first_table(engine._connection)
    cursor = engine.cursor()
    server_engine._begin_alone(cursor)
    migrating = MigratingCursor(cursor)
    apply_missing(migrating, MIGRATIONS[:version])
    insert(migrating, rows)
    cursor.execute("COMMIT")
    cursor.close()
    engine.close()


@pytest.mark.parametrize("version", OLDER)
def test_an_older_store_on_a_server_becomes_what_an_older_file_becomes(
    version: int, postgres: PostgresServer, own_store_path: Path, valid_rows: dict[str, dict[str, Any]]
) -> None:
    url = postgres.url(postgres.database())
    old_server(url, version, valid_rows)
    with duckdb.connect(str(own_store_path)) as connection:
        migrate(connection, MIGRATIONS[:version])
        insert(connection, valid_rows)
    with Store.open(url) as server, Store.open(own_store_path) as file:
        pd.testing.assert_frame_equal(server.describe(), file.describe())
        for table in TABLES_V1:
            kept = [store.table(table.name) for store in (server, file)]
            pd.testing.assert_frame_equal(*kept)
            assert len(kept[0]) >= 1
        versions = [store.table("schema_version")[["version", "migration"]] for store in (server, file)]
        pd.testing.assert_frame_equal(*versions)
        preview = server.preview("mine.csv", b"run_id,n_params,n_tokens,loss\nlast,1e9,2e10,2.9\n")
        server.commit(preview)
        assert list(server.table("runs")["run_id"])[-1] == "last"


def fails_half_way(connection: Database) -> None:
    connection.execute("CREATE TABLE half_made (x INTEGER)")
    connection.execute("DELETE FROM runs")
    connection.execute("ALTER TABLE runs ADD COLUMN loss DOUBLE")  # it exists: this raises


def test_a_failing_migration_leaves_a_store_on_a_server_as_it_was(
    postgres: PostgresServer, valid_rows: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.url(postgres.database())
    old_server(url, 1, valid_rows)
    dump = "SELECT string_agg(version::text, ',') FROM precision_atlas.schema_version"
    database = url.rpartition("/")[2]
    monkeypatch.setattr(apply_missing, "__defaults__", ((*MIGRATIONS, fails_half_way),))
    with pytest.raises(Exception, match='column "loss" of relation "runs" already exists'):
        Store.open(url)
    monkeypatch.undo()
    assert postgres.sql(dump, database) == "1"
    assert postgres.sql("SELECT to_regclass('precision_atlas.half_made')", database) == ""
    assert postgres.sql("SELECT count(*) FROM precision_atlas.runs", database) == "1"


@pytest.fixture(scope="module")
def store(postgres: PostgresServer) -> Iterator[Store]:
    """A store on a server for rows that are refused."""
    with Store.open(postgres.url(postgres.database("empty"))) as opened:
        yield opened


NUMBERS = [(table.name, name) for table in TABLES_V1 for name, kind, _ in table.columns if kind.startswith("DOUBLE")]
REFUSED = [
    *((table, {column: value}) for table, column in NUMBERS for value in (float("nan"), float("inf"))),
    ("runs", {"loss": -1.0}),
    ("runs", {"loss": None}),
    ("runs", {"params_counted": "most"}),
    ("runs", {"weight_bits": 65.0}),
    ("runs", {"source_id": None}),
    ("runs", {"origin": "guessed"}),
    ("datasets", {"kind": "models"}),
    ("datasets", {"n_rows": -1}),
    ("law_coefficients", {"low": 2.0, "high": 1.0}),
    ("probe_results", {"m": 0}),
]


def test_a_server_refuses_every_row_that_a_file_refuses(store: Store, valid_rows: dict[str, dict[str, Any]]) -> None:
    def add(table: str, row: dict[str, Any]) -> None:
        with store._access.writing() as cursor:
            insert(cursor, {table: row})

    for table, change in REFUSED:
        with pytest.raises(duckdb.ConstraintException):
            add(table, valid_rows[table] | change)
    assert all(store.table(table).empty for table in valid_rows)
    for table, row in valid_rows.items():
        add(table, row)
        if table != "throughput":
            with pytest.raises(duckdb.ConstraintException):
                add(table, row)
        assert len(store.table(table)) == 1


TRANSLATED = [
    ("ALTER TABLE t ADD COLUMN x DOUBLE DEFAULT 1", "ALTER TABLE t ADD COLUMN x DOUBLE PRECISION DEFAULT 1"),
    ("COMMENT ON COLUMN t.x IS 'a DOUBLE, it''s BLOB'", "COMMENT ON COLUMN t.x IS 'a DOUBLE, it''s BLOB'"),
    ("CREATE TABLE t (doubled INTEGER, b BLOB, CHECK (b IN ('UBIGINT')))",
     "CREATE TABLE t (doubled INTEGER, b BYTEA, CHECK (b IN ('UBIGINT')), rowid BIGINT GENERATED ALWAYS AS IDENTITY)"),
    ("create table t (x double precision, y utinyint)",
     "create table t (x double precision, y SMALLINT, rowid BIGINT GENERATED ALWAYS AS IDENTITY)"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), TRANSLATED)
def test_types_are_translated_and_texts_are_not(statement: str, expected: str) -> None:
    assert translated(statement) == expected
