"""A store on a server answers every question as the file does: the file is the oracle."""

from __future__ import annotations

import inspect
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from postgres_servers import PostgresServer

from results_db import Picks, Store, shipped
from results_db.schema import TABLES_V1

RUNS = b"run_id,params,tokens,val_loss,precision\na,70M,2B,3.1,bf16\nb,150M,5B,2.9,mxfp4\n=x,1e9,2e10,2.5,nvfp4\n"
BAD = RUNS + b"c,4e9,20B tok,-1,bf16\n"
PROBE = b"".join(
    json.dumps({"kernel": "mm", "status": "UNSUPPORTED", "m": m, "detail": "no such unit"}).encode() + b"\n"
    for m in range(1, 21)
)


@dataclass(frozen=True)
class Pair:
    """The same store twice: in a file and on a server."""

    file: Store
    server: Store

    def same(self, question: Callable[[Store], Any]) -> Any:
        """The answer that both give; fails when they differ."""
        expected, found = (outcome(question, store) for store in (self.file, self.server))
        if isinstance(expected, pd.DataFrame):
            pd.testing.assert_frame_equal(found, expected)
        else:
            assert found == expected
        return found


def outcome(question: Callable[[Store], Any], store: Store) -> Any:
    try:
        return question(store)
    except ValueError as refused:
        return f"ValueError: {refused}"


@pytest.fixture(scope="module")
def published(postgres: PostgresServer, shipped_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both with the shipped data; not to be changed."""
    path = tmp_path_factory.mktemp("pair") / "atlas.duckdb"
    path.write_bytes(shipped_file.read_bytes())
    with Store.open(path) as file, Store.open(postgres.url(postgres.database("shipped"))) as server:
        yield Pair(file, server)


@pytest.fixture
def empty(postgres: PostgresServer, empty_store: Store) -> Iterator[Pair]:
    """Both without rows, this test's own."""
    with Store.open(postgres.url(postgres.database("empty"))) as server:
        yield Pair(empty_store, server)


def table_names(store: Store) -> list[str]:
    return [name for name in store.status()["rows"] if name != "schema_version"]


def test_every_table_has_the_same_rows_in_the_same_order(published: Pair) -> None:
    for name in published.same(table_names):
        published.same(lambda store, name=name: store.table(name).drop(columns="loaded_at", errors="ignore"))
    assert len(published.server.table("runs")) > 400


def test_the_data_dictionary_is_the_same(published: Pair) -> None:
    assert published.same(Store.describe)["comment"].notna().all()
    assert published.same(Store.tables)["meaning"].notna().all()
    for name in published.same(table_names):
        published.same(lambda store, name=name: store.first_rows(name, 3).drop(columns="loaded_at", errors="ignore"))


@pytest.mark.parametrize("fmt", ["csv", "parquet"])
def test_every_table_is_exported_as_the_same_file(published: Pair, fmt: str) -> None:
    for name in set(published.same(table_names)) - {"shipped_data"}:
        if fmt == "csv":
            published.same(lambda store, name=name: store.export(name, "csv"))
        else:
            published.same(lambda store, name=name: pd.read_parquet(io.BytesIO(store.export(name, "parquet"))))


def test_questions_with_conditions_are_answered_the_same(published: Pair) -> None:
    for equals in (
        {"source_id": "quartet_2025"},
        {"source_id": ["quartet_2025", "chinchilla_replication_2024"], "n_tokens": None},
        {"outlier": True},
        {"outlier": False, "n_params": 3e7},
        {"run_id": []},
        {"run_id": "it's; DROP TABLE runs --"},
        {"losss": 3.0},
    ):
        published.same(lambda store, equals=equals: store.table("runs", **equals))
    published.same(Store.rows_by_source)
    published.same(lambda store: store.table("rums"))
    published.same(lambda store: store.export("runs", "csv", "quartet_2025"))
    published.same(lambda store: store.export("runs", "csv", "quartet_2052"))
    published.same(lambda store: unpacked(store.archive("runs", "csv", "quartet_2025")))


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The tables in a zip file by their names; its README says when it was made."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        return {name: files.read(name) for name in files.namelist() if name.endswith(".csv")}


def test_published_coefficients_are_the_same(published: Pair) -> None:
    sets = published.same(Store.coefficient_sets)
    for law in sets["law"].unique()[::4]:
        assert published.same(lambda store, law=law: list(store.coefficients(law).items()))
    published.same(lambda store: store.coefficients("quartet", variant="newst"))


def test_a_good_store_has_no_problem_and_says_what_it_holds(published: Pair) -> None:
    assert published.same(Store.check) == []
    published.same(lambda store: {key: store.status()[key] for key in ("schema_version", "rows", "duckdb")})
    status = published.server.status()
    assert status["size_bytes"] > 100_000
    assert status["postgresql"].split(".")[0].isdigit()


def test_an_import_its_repetition_and_its_undo_do_the_same(empty: Pair) -> None:
    columns = ["dataset_id", "name", "file_name", "sha256", "kind", "n_rows", "origin"]

    def add(data: bytes, name: str) -> Callable[[Store], str]:
        return lambda store: store.commit(store.preview(name, data))

    runs = empty.same(add(RUNS, "mine.csv"))
    probe = empty.same(add(PROBE, "node7.jsonl"))
    assert empty.same(add(RUNS, "again.csv")) == runs
    assert empty.same(add(PROBE, "again.jsonl")) == probe
    empty.same(lambda store: store.preview("third.csv", RUNS + b"d,2e9,4e10,2.4,bf16\n").message)
    empty.same(lambda store: sorted(store.datasets()[columns].itertuples(index=False, name=None)))
    assert len(empty.same(lambda store: store.table("runs"))) == 3
    assert len(empty.same(lambda store: store.table("probe_results"))) == 20
    empty.same(lambda store: store.export("runs"))
    assert empty.same(Store.check) == []
    assert empty.same(lambda store: store.undo(runs)) == 3
    assert empty.same(lambda store: store.undo(probe)) == 20
    empty.same(lambda store: store.undo(runs))
    assert empty.same(lambda store: len(store.datasets())) == 0


def without_times(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=["changed_at", "deleted_at"], errors="ignore")


def test_corrections_deletions_and_their_history_are_the_same(empty: Pair) -> None:
    key = empty.same(lambda store: store.commit(store.preview("mine.csv", RUNS)))
    changes = [("a", "loss", "3.0000000000000004"), ("a", "note", ""), ("b", "n_tokens", "6B"), ("b", "note", "'x\\N")]
    assert empty.same(lambda store: store.edit(key, changes)) == 3
    empty.same(lambda store: store.edit(key, [("a", "loss", "-1")]))
    empty.same(lambda store: store.edit(key, [("c", "loss", "3")]))
    empty.same(lambda store: store.rename(key, "my sweep"))
    runs = empty.same(lambda store: store.table("runs"))
    assert list(runs["run_id"]) == ["a", "b", "=x"]
    assert runs["loss"][0] == 3.0000000000000004
    empty.same(lambda store: without_times(store.history(key)))
    empty.same(lambda store: store.undo(key))
    assert empty.same(lambda store: store.delete(key)) == 3
    empty.same(lambda store: without_times(store.deleted()))
    empty.same(lambda store: "deleted" in store.preview("again.csv", RUNS).blocking)
    assert empty.same(lambda store: store.restore(key)) == 3
    pd.testing.assert_frame_equal(empty.same(lambda store: store.table("runs")), runs)
    assert empty.same(Store.check) == []
    empty.same(lambda store: store.delete(key))
    empty.same(lambda store: store.purge(key))
    assert empty.same(lambda store: (len(store.deleted()), len(store.history(key)))) == (0, 0)


def test_a_dataset_goes_from_a_server_to_a_file_and_back(empty: Pair) -> None:
    key = empty.server.commit(empty.server.preview("mine.csv", RUNS), "mine")
    empty.server.edit(key, [("a", "loss", "3.05")])
    shared = empty.server.share(key)
    assert empty.file.commit(empty.file.preview("shared.atlas", shared)) == key
    empty.same(lambda store: store.table("runs"))
    empty.same(lambda store: store.history(key)[:1])
    empty.server.delete(key)
    empty.server.purge(key)
    assert empty.server.commit(empty.server.preview("back.atlas", empty.file.share(key))) == key
    empty.same(lambda store: store.table("runs"))


def test_bad_rows_are_refused_or_skipped_the_same(empty: Pair) -> None:
    refused = empty.same(lambda store: store.commit(store.preview("bad.csv", BAD)))
    assert refused.startswith("ValueError: nothing was imported")
    empty.same(lambda store: store.preview("bad.csv", BAD).problems)
    empty.same(lambda store: store.commit(store.preview("bad.csv", BAD), "good rows", skip_bad_rows=True))
    assert len(empty.same(lambda store: store.table("runs"))) == 3


def test_measured_rows_are_added_once(empty: Pair) -> None:
    rows = [json.loads(line) for line in PROBE.splitlines()]
    assert empty.same(lambda store: store.add_probe_results(rows)) == 20
    assert empty.same(lambda store: store.add_probe_results(rows)) == 0
    empty.same(lambda store: store.table("probe_results"))


def test_rows_come_back_in_the_order_they_were_imported_also_after_removals(empty: Pair) -> None:
    def table(shift: int) -> bytes:
        rows = "".join(f"r{i},{1e6 + shift + i:.0f},{1e9 - i:.0f},2.5\n" for i in range(3000))
        return f"run_id,n_params,n_tokens,loss\n{rows}".encode()

    first = empty.same(lambda store: store.commit(store.preview("first.csv", table(0))))
    empty.same(lambda store: store.commit(store.preview("second.csv", table(5000))))
    empty.same(lambda store: store.undo(first))
    # The room of the removed rows is free now, and a server puts new rows into it.
    with empty.server._access.reading() as cursor:
        cursor.execute("CALL postgres_execute('atlas', 'VACUUM precision_atlas.runs', use_transaction = false)")
    empty.same(lambda store: store.commit(store.preview("third.csv", table(9000))))
    assert len(empty.same(lambda store: store.table("runs"))) == 6000


def test_newer_published_rows_replace_the_older_ones_and_leave_those_of_users(
    postgres: PostgresServer, shipped_store: Store
) -> None:
    url = postgres.url(postgres.database("shipped"))
    path = str(shipped_store.path)
    for store in (shipped_store, Store.open(url)):
        with store:
            store.commit(store.preview("mine.csv", RUNS))
            with store._access.writing() as cursor:
                cursor.execute("DELETE FROM devices WHERE vendor = 'NVIDIA'")
                cursor.execute("UPDATE runs SET loss = 9 WHERE source_id = 'quartet_2025'")
                cursor.execute("UPDATE shipped_data SET digest = 'of an older program'")
    with Store.open(path) as file, Store.open(url) as server:
        pair = Pair(file, server)
        for name in set(pair.same(table_names)) - {"shipped_data", "datasets"}:
            pair.same(lambda store, name=name: store.table(name))
        assert pair.same(lambda store: store.table("shipped_data")["digest"].to_list()) == [shipped.digest()]
        assert len(pair.same(lambda store: store.table("runs", origin="uploaded"))) == 3
        assert pair.same(lambda store: store.table("runs", loss=9.0)).empty
        assert pair.same(Store.check) == []


def test_a_query_of_anybody_is_answered_the_same(published: Pair) -> None:
    for sql in (
        "SELECT run_id, loss, note FROM runs WHERE source_id = 'quartet_2025' ORDER BY run_id",
        "SELECT forward_format, count(*) AS n, median(loss) AS loss FROM runs GROUP BY ALL ORDER BY ALL",
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL",
        "SELECT * FROM read_text('/etc/passwd')",
    ):
        published.same(lambda store, sql=sql: store.ask(sql).rows)
        published.same(lambda store, sql=sql: store.ask(sql).problem)


def test_evaluations_are_judged_the_same(published: Pair) -> None:
    published.same(lambda store: store.evaluations.axes())
    published.same(lambda store: store.evaluations.rows().drop(columns="position"))


def test_runs_are_counted_drawn_and_listed_the_same(published: Pair) -> None:
    published.same(lambda store: store.runs.facets())
    published.same(lambda store: store.runs.sample().runs)
    for picks in (Picks(), Picks(source=("quartet_2025",), forward=("bf16",), perplexities=True)):
        published.same(lambda store, picks=picks: store.runs.counts(picks, "flops"))
        published.same(
            lambda store, picks=picks: store.runs.points(picks, "flops", "forward", 5).drop(columns="position")
        )
        published.same(lambda store, picks=picks: store.runs.page(picks, "lowest loss", 3, 50).drop(columns="position"))
        published.same(lambda store, picks=picks: runs_in(store.runs.archive(picks, "csv")))


def placeless(runs: pd.DataFrame) -> pd.DataFrame:
    return runs.drop(columns="position")


def runs_in(archive: bytes) -> bytes:
    return zipfile.ZipFile(io.BytesIO(archive)).read("runs.csv")


def test_an_answer_is_of_what_this_program_has_written(empty: Pair) -> None:
    states = empty.file.state, empty.server.state
    empty.same(lambda store: store.ask("SELECT count(*) AS n FROM runs").rows)
    empty.same(lambda store: store.commit(store.preview("mine.csv", RUNS)))
    assert empty.same(lambda store: store.ask("SELECT count(*) AS n FROM runs").rows)["n"][0] == 3
    assert (empty.file.state > states[0], empty.server.state > states[1]) == (True, True)


def test_one_file_of_everything_holds_the_same(published: Pair, tmp_path: Path) -> None:
    for name, store in (("file", published.file), ("server", published.server)):
        store.export_all(tmp_path / f"{name}.duckdb")
    with duckdb.connect(str(tmp_path / "file.duckdb")) as copy:
        copy.execute(f"ATTACH '{tmp_path / 'server.duckdb'}' AS server")
        for table in set(table_names(published.file)) - {"shipped_data"}:
            difference = f"(FROM file.{table} EXCEPT ALL FROM server.{table})"
            assert copy.execute(f"SELECT count(*) FROM {difference}").fetchall() == [(0,)], table


TEXTS = ["", " ", "'", "=1+1", 'tab\tnl\nback\\slash \\N \\. q"', "é漢😀", "NULL", "\x7f", "a" * 10_000]
NUMBERS = [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1 / 3, 1e22, 123456789012345680.0]
INSERT_RUN = "INSERT INTO runs (run_id, source_id, n_params, loss, note, origin) VALUES (?, 's', 1, ?, ?, 'measured')"


def test_every_text_and_number_comes_back_as_it_went_in(empty: Pair) -> None:
    for store in (empty.file, empty.server):
        with store._access.writing() as cursor:
            for i, (note, loss) in enumerate((note, loss) for note in TEXTS for loss in NUMBERS):
                cursor.execute(
                    INSERT_RUN,
                    [str(i), loss, note],
                )
    kept = empty.same(lambda store: store.table("runs"))
    assert list(kept["loss"]) == NUMBERS * len(TEXTS)
    assert list(kept["note"]) == [note for note in TEXTS for _ in NUMBERS]


COVERED = {
    "open", "create", "close", "path", "require_there", "table", "coefficient_sets", "coefficients", "describe",
    "tables", "first_rows", "datasets", "status", "add_probe_results", "preview", "commit", "export", "undo", "backup",
    "check", "copy_to",
    "edit", "rename", "history", "delete", "deleted", "restore", "purge", "share",
    "ask", "state", "write_snapshot", "runs", "evaluations", "rows_by_source", "export_all", "archive",
}  # fmt: skip


def test_every_method_of_the_store_is_tried_on_a_server() -> None:
    public = {name for name, _ in inspect.getmembers(Store) if not name.startswith("_")}
    assert public == COVERED, "try it on both engines, here or in test_shared_*.py, then add its name"
    assert len(TABLES_V1) == 9
