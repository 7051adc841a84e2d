"""A store moves to a server and back whole: every row, value and order, and a wrong step leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from postgres_servers import PASSWORD, PostgresServer

from results_db import Store, StoreError, copying

RUNS = b"run_id,n_params,n_tokens,loss\na,1e9,2e10,2.9\nb,2e9,4e10,2.7\n"


def filled(store: Store) -> Store:
    """The store with two imports of runs and measured rows."""
    store.commit(store.preview("mine.csv", RUNS))
    store.commit(store.preview("other.csv", RUNS.replace(b"2.9", b"2.8")), "other runs")
    store.add_probe_results([{"kernel": "mm", "status": "UNSUPPORTED", "m": m, "detail": "no"} for m in (1, 2)])
    return store


@pytest.fixture
def mine(empty_store: Store) -> Store:
    """A store with rows of a user and no published ones."""
    return filled(empty_store)


def assert_same(copy: Store, original: Store) -> None:
    for name in original.status()["rows"]:
        if name != "schema_version":
            pd.testing.assert_frame_equal(copy.table(name), original.table(name), obj=name)


def test_a_store_moves_to_a_server_and_back_with_every_row_value_and_order(
    shipped_store: Store, postgres: PostgresServer, tmp_path: Path
) -> None:
    mine = filled(shipped_store)
    url = postgres.url(postgres.database())
    copied = mine.copy_to(url)
    back = tmp_path / "back.duckdb"
    with Store.open(url) as server:
        assert copied == {name: n for name, n in server.status()["rows"].items() if name != "schema_version"}
        assert_same(server, mine)
        assert server.check() == mine.check()
        server.copy_to(back)
        # Life goes on: what is imported next comes last.
        server.commit(server.preview("later.csv", RUNS.replace(b"2.9", b"2.6")))
        assert list(server.table("datasets")["name"])[-1] == "later"
        assert server.table("runs")["loss"].iloc[-2:].to_list() == [2.6, 2.7]
    with Store.open(back) as store:
        assert_same(store, mine)
    assert {path.name for path in tmp_path.iterdir()} - {"atlas.duckdb.wal"} == {"atlas.duckdb", "back.duckdb"}


def test_a_second_copy_of_the_same_store_changes_nothing(mine: Store, postgres: PostgresServer) -> None:
    url = postgres.url(postgres.database())
    first = mine.copy_to(url)
    before = postgres.sql("SELECT max(rowid) FROM precision_atlas.runs", url.rpartition("/")[2])
    assert mine.copy_to(url) == first
    assert postgres.sql("SELECT max(rowid) FROM precision_atlas.runs", url.rpartition("/")[2]) == before


def test_published_rows_give_way_to_a_copy_and_rows_of_users_do_not(mine: Store, postgres: PostgresServer) -> None:
    url = postgres.url(postgres.database("shipped"))
    mine.copy_to(url)
    with Store.open(url) as server:
        assert_same(server, mine)
        server.commit(server.preview("theirs.csv", RUNS.replace(b"2.9", b"2.5")))
        with pytest.raises(StoreError, match=r"holds rows of users already \(table datasets\); copy into an empty"):
            mine.copy_to(url)
        assert list(server.table("datasets")["name"])[-1] == "theirs"


@pytest.mark.parametrize("rows", [1, 50_001])
def test_large_tables_are_copied_in_pieces_and_keep_their_order(
    rows: int, empty_store: Store, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "BATCH_ROWS", 10_000)
    with empty_store._access.writing() as cursor:
        cursor.execute(
            "INSERT INTO runs (run_id, source_id, n_params, loss, note, origin)"
            f" SELECT 'r' || hash(i), 's', 1 + i, 1 + random(), 'text ' || i, 'measured' FROM range({rows}) r(i)"
        )
    url = postgres.url(postgres.database())
    assert empty_store.copy_to(url)["runs"] == rows
    with Store.open(url) as server:
        assert list(server.table("runs", run_id="x")) == list(empty_store.table("runs", run_id="x"))
        with server._access.reading() as there, empty_store._access.reading() as here:
            listed = {"runs": "run_id, n_params, loss, note"}
            assert copying.contents(there, listed) == copying.contents(here, listed)
            query = "SELECT n_params FROM runs ORDER BY rowid"
            assert there.execute(query).fetchall() == [(1.0 + i,) for i in range(rows)]


def test_a_copy_that_differs_is_taken_back(
    mine: Store, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = copying._insert
    monkeypatch.setattr(copying, "_insert", lambda cursor, table, batch: whole(cursor, table, batch.slice(1)))
    url = postgres.url(postgres.database())
    for place in (url, tmp_path / "copy.duckdb"):
        with pytest.raises(
            StoreError, match=r"the copy in .* differs from the original in .*runs.*; nothing was copied"
        ):
            mine.copy_to(place)
    with Store.open(url) as server:
        assert server.table("sources").empty
    assert {path.name for path in tmp_path.iterdir()} == {"atlas.duckdb", "atlas.duckdb.wal"}


def test_a_difference_in_one_value_or_in_the_order_is_seen(mine: Store) -> None:
    def found(statement: str = "SELECT 1") -> copying.Content:
        with mine._access.writing() as cursor:
            cursor.execute(statement)
            return copying.contents(cursor, {"probe_results": "result_id, m, p50_us"})["probe_results"]

    before = found()
    assert found("UPDATE probe_results SET p50_us = 2.9000000000000004") != before
    assert found("UPDATE probe_results SET p50_us = NULL") == before
    (first, _) = mine.table("probe_results")["result_id"]
    found(f"UPDATE probe_results SET result_id = 'x' WHERE result_id = '{first}'")
    with mine._access.writing() as cursor:
        cursor.execute("CREATE TEMP TABLE taken AS SELECT * FROM probe_results WHERE result_id = 'x'")
        cursor.execute("DELETE FROM probe_results WHERE result_id = 'x'")
        cursor.execute(f"UPDATE taken SET result_id = '{first}'")
        cursor.execute("INSERT INTO probe_results SELECT * FROM taken")
        cursor.execute("DROP TABLE taken")
    after = found()
    assert (after.rows, after.digest != before.digest) == (before.rows, True)


def test_a_file_is_not_written_over(mine: Store) -> None:
    with pytest.raises(StoreError, match="exists already; choose another name for the copy, nothing was written"):
        mine.copy_to(mine.path)
    with pytest.raises(StoreError, match=r"the folder .*typo for the copy does not exist"):
        mine.copy_to(mine.path.parent / "typo" / "copy.duckdb")


def test_the_move_is_one_command_that_shows_no_password(
    mine: Store, postgres: PostgresServer, command: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counts = mine.status()["rows"]
    mine.close()
    url = postgres.url(postgres.database())
    moved = command("copy-to", url)
    assert moved.code == 0, moved.err
    assert "verified by count and checksum" in moved.err
    assert f"{counts['runs']:>8} runs\n" in moved.out
    monkeypatch.setenv("PRECISION_ATLAS_DB", url)
    status = command("status", "--json")
    assert status.json["rows"] == counts
    refused = command("backup", tmp_path / "copy")
    assert (refused.code, "pg_dump --schema=precision_atlas" in refused.err) == (1, True)
    refused = command("restore", tmp_path / "atlas.duckdb")
    assert (refused.code, "cannot take the place of the shared store" in refused.err) == (1, True)
    back = command("copy-to", tmp_path / "back.duckdb", "--json")
    assert back.json["rows"] == {name: n for name, n in counts.items() if name != "schema_version"}
    for answer in (moved, status, refused, back, command("status")):
        assert PASSWORD not in answer.out + answer.err
        assert url.split(":")[2].split("@")[0] not in answer.out + answer.err
