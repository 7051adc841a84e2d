"""One file, several processes and threads: each gets its rows or a sentence, and nothing is stored twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from results_db import Picks, Store, StoreError

HOLD = """
import sys
from results_db import Store
with Store.open(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.readline()
"""
OPEN = """
import sys
from results_db import Picks, Store, StoreError
print("ready", flush=True)
sys.stdin.readline()
try:
    with Store.open(sys.argv[1]) as store:
        print(len(store.table("runs")))
except StoreError as problem:
    print(problem, file=sys.stderr)
    sys.exit(1)
"""
COMMIT_AND_DIE = """
import os, sys
from results_db import Store
store = Store.open(sys.argv[1])
store.commit(store.preview("mine.csv", b"n_params,n_tokens,loss\\n1e9,2e10,2.9\\n"))
os._exit(9)
"""


def csv(n_runs: int, shift: int = 0) -> bytes:
    rows = "".join(f"{1e6 + shift + i:.0f},{1e9 + i:.0f},2.5\n" for i in range(n_runs))
    return f"n_params,n_tokens,loss\n{rows}".encode()


def test_a_store_that_another_process_holds_is_said_with_its_pid(
    process: Callable, shipped_file: Path, own_store_path: Path, command: Callable
) -> None:
    own_store_path.write_bytes(shipped_file.read_bytes())
    holder = process(HOLD, own_store_path)
    try:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StoreError) as refused:
            Store.open(own_store_path)
        assert f"is in use by another process (PID {holder.pid}" in str(refused.value)
        assert "stop that process or use its pages, or set PRECISION_ATLAS_DB" in str(refused.value)
        answer = command("export", "runs")
        assert (answer.code, answer.data) == (1, b"")
        assert f"PID {holder.pid}" in answer.err
    finally:
        holder.communicate("\n", timeout=120)
    with Store.open(own_store_path) as store:
        assert store.check() == []


def test_two_processes_that_make_the_store_at_once_leave_one_whole_store(
    process: Callable, own_store_path: Path
) -> None:
    makers = [process(OPEN, own_store_path) for _ in range(2)]
    for maker in makers:
        assert maker.stdout.readline() == "ready\n"
    for maker in makers:
        maker.stdin.write("\n")
        maker.stdin.flush()
    said = [maker.communicate(timeout=120) for maker in makers]
    codes = [maker.returncode for maker in makers]
    assert 0 in codes, said
    for code, (out, err) in zip(codes, said, strict=True):
        if code:
            assert "is in use by another process" in err
        else:
            assert (int(out) > 400, err) == (True, "")
    assert [path.name for path in own_store_path.parent.iterdir()] == [own_store_path.name]
    with Store.open(own_store_path) as store:
        assert store.check() == []


def test_what_was_imported_survives_a_process_that_dies(
    process: Callable, empty_file: Path, own_store_path: Path
) -> None:
    own_store_path.write_bytes(empty_file.read_bytes())
    dying = process(COMMIT_AND_DIE, own_store_path)
    assert (*dying.communicate(timeout=120), dying.returncode) == ("", "", 9)
    with Store.open(own_store_path) as store:
        assert list(store.table("runs")["loss"]) == [2.9]
        assert store.check() == []


def test_threads_that_open_the_store_at_once_all_get_it(own_store_path: Path) -> None:
    def opened(_: int) -> int:
        with Store.open(own_store_path) as store:
            return len(store.table("runs"))

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(opened, range(4)))) == 1


def test_threads_read_whole_tables_while_another_imports(shipped_store: Store) -> None:
    columns = ["source_id", "run_id", "n_params", "loss"]
    published = shipped_store.table("runs")[columns]
    n_imports, n_runs = 8, 40

    def read(_: int) -> list[str]:
        problems = []
        for _ in range(12):
            rows = shipped_store.table("runs")[columns]
            if not rows[: len(published)].equals(published):
                problems.append("published rows changed")
            if (len(rows) - len(published)) % n_runs:
                problems.append(f"{len(rows)} rows: part of an import")
        return problems

    def write(number: int) -> list[str]:
        return [shipped_store.commit(shipped_store.preview(f"{number}.csv", csv(n_runs, number)))]

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read, number) for number in range(3)]
        writers = [pool.submit(write, number) for number in range(n_imports)]
        assert [problem for reader in readers for problem in reader.result()] == []
        assert len({key for writer in writers for key in writer.result()}) == n_imports
    assert len(shipped_store.table("runs")) == len(published) + n_imports * n_runs
    assert shipped_store.check() == []


def counted(store: Store) -> int:
    return store.runs.counts(Picks(source=("nobody",))).n_runs + store.status()["rows"]["runs"]


def picked(store: Store) -> int:
    return store.runs.counts(Picks()).n_runs


def offered(store: Store) -> int:
    return store.runs.facets().n_runs


def drawn(store: Store) -> int:
    return int(store.runs.points(Picks(), "flops", "source", 6)["n_runs"].sum())


def exported(store: Store) -> int:
    return store.export("runs").count(b"\n") - 1


def read(store: Store) -> int:
    return len(store.table("runs"))


def summed(store: Store) -> int:
    return int(store.datasets()["n_rows"].sum())


LOOKS = (counted, picked, offered, drawn, exported, read, summed)


def test_20_sessions_that_read_while_one_imports_see_all_of_an_import_or_nothing(empty_store: Store) -> None:
    n_runs, done = 700, threading.Event()

    def look(number: int) -> list[str]:
        wrong, seen = [], set()
        while not done.is_set() or not seen:
            for look in (LOOKS[number % len(LOOKS)], LOOKS[(number + 3) % len(LOOKS)]):
                n_seen = look(empty_store)
                seen.add(n_seen)
                wrong += [f"{look.__name__} saw {n_seen} runs"] if n_seen % n_runs else []
        return wrong

    with ThreadPoolExecutor(20) as pool:
        readers = [pool.submit(look, number) for number in range(20)]
        try:
            for number in range(4):
                dataset = empty_store.commit(empty_store.preview(f"{number}.csv", csv(n_runs, 1000 * number)))
            empty_store.undo(dataset)
        finally:
            done.set()
        assert [wrong for reader in readers for wrong in reader.result()] == []
    assert len(empty_store.table("runs")) == 3 * n_runs
    assert empty_store.check() == []


def test_the_same_file_from_several_threads_is_added_once(empty_store: Store) -> None:
    previews = [empty_store.preview(f"{number}.csv", csv(50)) for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(empty_store.commit, previews))) == 1
    assert len(empty_store.table("runs")) == 50
    assert len(empty_store.datasets()) == 1


def test_the_same_probe_rows_from_several_threads_are_added_once(empty_store: Store) -> None:
    rows = [{"kernel": "mm", "status": "UNSUPPORTED", "m": m, "detail": "no such unit"} for m in range(1, 21)]
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(empty_store.add_probe_results, [rows] * 6)) == 20
    kept = empty_store.table("probe_results")
    assert sorted(kept["m"]) == list(range(1, 21))
    assert set(kept["origin"]) == {"measured"}
    assert pd.isna(kept["dataset_id"]).all()


def test_a_refused_import_leaves_no_part_behind(empty_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    preview = empty_store.preview("mine.csv", csv(5))
    monkeypatch.setattr("results_db.writing.utc_now", lambda: 1 / 0)  # for the last statement: the runs are in by then
    with pytest.raises(ZeroDivisionError):
        empty_store.commit(preview)
    assert empty_store.table("runs").empty
    assert empty_store.datasets().empty
