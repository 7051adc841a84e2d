"""A store made by another version of the program gets this program's facts, and keeps every row of its users."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import duckdb
import pandas as pd
import pytest

from results_db import Store, shipped
from results_db.migrations import MIGRATIONS, migrate
from results_db.shipped import SHIPPED

USERS_TABLES = ("datasets", "probe_results")
RUNS = b"params,tokens,val_loss\n1e9,2e10,2.5\n2e9,4e10,2.3\n"
PROBE = {"kernel": "mm_bf16", "status": "UNSUPPORTED", "detail": "no such device", "device": "cpu"}


def published(store: Store) -> dict[str, pd.DataFrame]:
    """The published rows of every shipped table."""
    return {
        table: store.table(table, **({"dataset_id": None} if origin else {})) for table, (_, origin) in SHIPPED.items()
    }


def users(store: Store) -> dict[str, pd.DataFrame]:
    """The rows of users, in every table that holds some."""
    rows = {table: store.table(table) for table in USERS_TABLES}
    for table, (_, origin) in SHIPPED.items():
        if origin:
            rows[table] = store.table(table).dropna(subset=["dataset_id"]).reset_index(drop=True)
    return rows


def same(ours: dict[str, pd.DataFrame], theirs: dict[str, pd.DataFrame]) -> list[str]:
    """The tables that differ."""
    return [table for table in ours if not ours[table].equals(theirs[table])]


@pytest.fixture
def with_uploads(shipped_file: Path, own_store_path: Path) -> dict[str, pd.DataFrame]:
    """A shipped store with a user's runs, curve, quality and probe rows, as it is found; returns the user's rows."""
    shutil.copyfile(shipped_file, own_store_path)
    with Store.open(own_store_path) as store:
        dataset = store.commit(store.preview("mine.csv", RUNS), "mine")
        store.add_probe_results([PROBE])
    with duckdb.connect(str(own_store_path)) as connection:
        for table, columns in {
            "loss_curves": "curve_id, step, loss, source_id, dataset_id, origin",
            "quality": "model, task, metric, higher_is_better, value, source_id, dataset_id, origin",
        }.items():
            values = {"loss_curves": "'c', 10, 3.5", "quality": "'m', 'wikitext2', 'perplexity', false, 6.1"}[table]
            connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({values}, ?, ?, 'uploaded')", [dataset] * 2)
    with Store.open(own_store_path) as store:
        return users(store)


def age(path: Path) -> None:
    """Makes the facts of a store look as an older program left them: other values, rows that are gone, rows to come."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE runs SET loss = loss + 1 WHERE dataset_id IS NULL")
        connection.execute("DELETE FROM claims WHERE metric = 'speedup'")
        connection.execute("DELETE FROM loss_curves WHERE dataset_id IS NULL")
        connection.execute("INSERT INTO sources (source_id, title) VALUES ('withdrawn', 'A paper that was withdrawn')")
        connection.execute("UPDATE shipped_data SET digest = 'of another version'")


def test_a_store_with_other_facts_gets_these_and_keeps_its_users_rows(
    with_uploads: dict[str, pd.DataFrame], own_store_path: Path, shipped_file: Path, tmp_path: Path
) -> None:
    age(own_store_path)
    fresh = tmp_path / "fresh.duckdb"
    shutil.copyfile(shipped_file, fresh)
    with Store.open(own_store_path) as store, Store.open(fresh) as new:
        assert same(published(new), published(store)) == []
        assert same(with_uploads, users(store)) == []
        assert store.check() == []
        assert list(store.table("shipped_data")["digest"]) == [shipped.digest()]


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_store_of_an_older_schema_gets_these_facts_and_keeps_its_users_rows(
    version: int, own_store_path: Path, valid_rows: dict[str, dict[str, Any]], shipped_file: Path, tmp_path: Path
) -> None:
    upload = {"source_id": "upload_1", "dataset_id": "upload_1", "origin": "uploaded", "run_id": "my run"}
    with duckdb.connect(str(own_store_path)) as connection:
        migrate(connection, MIGRATIONS[:version])
        rows = [*valid_rows.items(), ("runs", valid_rows["runs"] | upload)]
        for table, row in rows:
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        if ("shipped_data",) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            connection.execute("INSERT INTO shipped_data (digest, loaded_at) VALUES ('older', now()::TIMESTAMP)")
    fresh = tmp_path / "fresh.duckdb"
    shutil.copyfile(shipped_file, fresh)
    with Store.open(own_store_path) as store, Store.open(fresh) as new:
        assert same(published(new), published(store)) == []
        kept = users(store)
        assert list(kept["runs"]["run_id"]) == ["my run"]
        assert list(kept["datasets"]["name"]) == ["mine"]
        assert list(kept["probe_results"]["result_id"]) == ["r"]


def test_a_store_without_facts_stays_without(empty_file: Path, own_store_path: Path) -> None:
    shutil.copyfile(empty_file, own_store_path)
    with Store.open(own_store_path) as store:
        assert all(frame.empty for frame in published(store).values())
        assert store.table("shipped_data").empty


def test_a_store_with_these_facts_is_not_written_to(shipped_file: Path, own_store_path: Path) -> None:
    shutil.copyfile(shipped_file, own_store_path)
    before = own_store_path.read_bytes()
    Store.open(own_store_path).close()
    assert own_store_path.read_bytes() == before


def as_it_is(path: Path) -> dict[str, list[tuple]]:
    """Rows of every shipped and user's table, counted and hashed in their order, without opening the store as one."""
    hashed = "SELECT count(*), sum(hash(place, t)::HUGEINT) FROM (SELECT row_number() OVER () AS place, t FROM {} AS t)"
    with duckdb.connect(str(path)) as connection:
        return {
            table: connection.execute(hashed.format(table)).fetchall()
            for table in (*SHIPPED, *USERS_TABLES, "shipped_data")
        }


@pytest.mark.parametrize("table", ["sources", "quality", "claims"])
def test_facts_that_fail_to_load_leave_the_old_ones_whole(
    table: str,
    with_uploads: dict[str, pd.DataFrame],
    own_store_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    age(own_store_path)
    before = as_it_is(own_store_path)
    load = shipped._load

    def fails_at(connection: duckdb.DuckDBPyConnection, into: str, path: str) -> None:
        if into == table:
            raise KeyboardInterrupt
        load(connection, into, path)

    monkeypatch.setattr(shipped, "_load", fails_at)
    with pytest.raises(KeyboardInterrupt):
        Store.open(own_store_path)
    assert as_it_is(own_store_path) == before
    monkeypatch.undo()
    monkeypatch.setenv("PRECISION_ATLAS_DB", str(own_store_path))
    with Store.open(own_store_path) as store:
        assert same(with_uploads, users(store)) == []
        assert len(store.table("claims")) == 481


DIES_AT = """
import os, signal, sys
from results_db import Store, shipped

path, table = sys.argv[1:]
load = shipped._load

def dies(connection, into, file):
    load(connection, into, file)
    if into == table:
        os.kill(os.getpid(), signal.SIGKILL)

shipped._load = dies
Store.open(path)
"""


@pytest.mark.parametrize("table", ["sources", "claims"])
def test_a_program_killed_while_it_replaces_the_facts_leaves_the_old_ones_whole(
    table: str,
    with_uploads: dict[str, pd.DataFrame],
    own_store_path: Path,
    process: Callable[..., Popen[str]],
) -> None:
    age(own_store_path)
    before = as_it_is(own_store_path)
    killed = process(DIES_AT, own_store_path, table)
    assert killed.wait(120) == -signal.SIGKILL, killed.stderr and killed.stderr.read()
    assert as_it_is(own_store_path) == before
    with Store.open(own_store_path) as store:
        assert store.check() == []
        assert same(with_uploads, users(store)) == []


def test_the_digest_knows_every_byte_and_name_of_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shipped.digest()
    assert whole == shipped.digest()
    copy = tmp_path / "claims.csv"
    original = shipped.data_files("claims.csv")[0].read_bytes()
    real = shipped.data_files
    monkeypatch.setattr(shipped, "data_files", lambda entry: [copy] if entry == "claims.csv" else real(entry))
    seen = {whole}
    for content in (original + b"\n", original[:-2] + b"x\n", original.replace(b",", b";", 1)):
        copy.write_bytes(content)
        seen.add(shipped.digest())
    assert len(seen) == 4
    copy.write_bytes(original)
    assert shipped.digest() == whole
