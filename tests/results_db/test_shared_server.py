"""Several programs on one server at once, programs that die, a server that goes away: no half import, no lost row."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres_servers import PASSWORD, PostgresServer

from results_db import Store, StoreError

N_RUNS = 50
WRITE = """
import sys
from results_db import Store
number, url = int(sys.argv[1]), sys.argv[2]
def csv(shift):
    rows = "".join(f"{1e6 + shift + i:.0f},{1e9 + i:.0f},2.5\\n" for i in range(50))
    return f"n_params,n_tokens,loss\\n{rows}".encode()
print("ready", flush=True)
sys.stdin.readline()
with Store.open(url) as store:
    print("open", flush=True)
    sys.stdin.readline()
    keys = [store.commit(store.preview(f"{number}-{i}.csv", csv(1000 * number + i))) for i in range(4)]
    keys.append(store.commit(store.preview("shared.csv", csv(10**6))))
    undone = store.undo(keys[0])
    refused = {"kernel": "mm", "status": "UNSUPPORTED", "detail": "no"}
    added = store.add_probe_results([refused | {"m": m} for m in range(1, 11)])
print(*keys[1:], undone, added)
"""
DIE_IN_AN_IMPORT = """
import sys
from results_db import Store, writing
store = Store.open(sys.argv[1])
preview = store.preview("dead.csv", b"n_params,n_tokens,loss\\n1e9,2e10,2.9\\n")
def stop():
    print("rows are in", flush=True)
    sys.stdin.readline()
writing.utc_now = stop  # for the last statement of an import
store.commit(preview)
"""
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'precision-atlas'"


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """The address of this test's own store with tables without rows."""
    return postgres.url(postgres.database("empty"))


@pytest.fixture
def processes(process: Callable[..., subprocess.Popen[str]]) -> Iterator[Callable[..., list[subprocess.Popen[str]]]]:
    """Starts processes that wait for a line; those that still run at the end are ended."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *calls: tuple[object, ...]) -> list[subprocess.Popen[str]]:
        started.extend(process(code, *call) for call in calls)
        return started

    yield start
    for one in started:
        if one.poll() is None:
            one.kill()
            one.communicate()


def all_at(started: list[subprocess.Popen[str]], point: str) -> None:
    """Waits until every process has said that it is there, then lets all go on at once."""
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == f"{point}\n", one.communicate(timeout=60)
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()


def test_four_processes_make_one_store_and_write_at_once_and_a_reader_sees_only_whole_imports(
    processes: Callable, postgres: PostgresServer, shipped_file: Path, own_store_path: Path
) -> None:
    url = postgres.url(postgres.database())
    started = processes(WRITE, *((number, url) for number in range(4)))
    all_at(started, "ready")
    own_store_path.write_bytes(shipped_file.read_bytes())
    with Store.open(own_store_path) as file:
        published = file.status()["rows"]
    counts, stop = [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            with store._access.reading() as cursor:
                counts.append(cursor.execute("SELECT count(loss) FROM runs").fetchall()[0][0])
            counts.append(len(store.table("runs")))

    all_at(started, "open")
    with Store.open(url) as store:
        store._engine._connection.execute("SET GLOBAL pg_pages_per_task = 1")  # several connections per scan
        reader = threading.Thread(target=read)
        reader.start()
        try:
            said = [one.communicate(timeout=120) for one in started]
        finally:
            stop.set()
            reader.join()
        assert [(one.returncode, err) for one, (_, err) in zip(started, said, strict=True)] == [(0, "")] * 4
        words = [out.split() for out, _ in said]
        assert len(counts) > 4
        assert {(count - published["runs"]) % N_RUNS for count in counts} == {0}, counts
        keys = {key for line in words for key in line[:-2]}
        assert len(keys) == 4 * 3 + 1
        assert set(store.datasets()["dataset_id"]) == keys
        assert [line[-2] for line in words] == [str(N_RUNS)] * 4
        added = {"datasets": len(keys), "runs": N_RUNS * len(keys), "probe_results": 10}
        assert sum(int(line[-1]) for line in words) == added["probe_results"]
        assert store.status()["rows"] == {name: n + added.get(name, 0) for name, n in published.items()}
        assert store.check() == []


def test_a_program_that_dies_in_an_import_leaves_nothing_and_blocks_nobody(processes: Callable, url: str) -> None:
    (dying,) = processes(DIE_IN_AN_IMPORT, (url,))
    assert dying.stdout.readline() == "rows are in\n"
    with Store.open(url) as store:
        assert store.table("runs").empty
        dying.send_signal(signal.SIGKILL)
        dying.wait(timeout=120)
        preview = store.preview("dead.csv", b"n_params,n_tokens,loss\n1e9,2e10,2.9\n")
        assert preview.existing == ""
        start = time.monotonic()
        store.commit(preview)
        assert time.monotonic() - start < 10
        assert (len(store.table("runs")), len(store.datasets()), store.check()) == (1, 1, [])


IMPORT_AND_UNDO = """
import sys
from results_db import Store
number, url = int(sys.argv[1]), sys.argv[2]
def csv(shift):
    rows = "".join(f"{1e6 + 10000 * shift + i:.0f},{1e9 + i:.0f},2.5\\n" for i in range(2000))
    return f"n_params,n_tokens,loss\\n{rows}".encode()
store = Store.open(url)
print("ready", flush=True)
sys.stdin.readline()
for i in range(100):
    key = store.commit(store.preview(f"{number}-{i}.csv", csv(100 * number + i)))
    print("+", key, flush=True)
    if i % 3 == 2:
        store.undo(key)
        print("-", key, flush=True)
"""


@pytest.mark.parametrize("n_kills", [3, pytest.param(100, marks=pytest.mark.exhaustive)])
def test_programs_killed_at_any_moment_leave_every_acknowledged_import_whole_and_no_part(
    n_kills: int, processes: Callable, url: str
) -> None:
    moment, n_said = random.Random(7), 0
    with Store.open(url) as store:
        for number in range(n_kills):
            victim = processes(IMPORT_AND_UNDO, (number, url))[-1]
            assert victim.stdout.readline() == "ready\n"
            victim.stdin.write("\n")
            victim.stdin.flush()
            time.sleep(moment.uniform(0.05, 1.5))
            victim.kill()
            lines = [line.split() for line in victim.communicate()[0].splitlines() if len(line) > 10]
            kept = {key for sign, key in lines if sign == "+"} - {key for sign, key in lines if sign == "-"}
            there = set(store.datasets()["dataset_id"])
            lost = kept - there
            assert lost <= {key for _, key in lines[-1:]}, "only a removal that was under way may be unsaid"
            assert len(store.table("runs")) == 2000 * len(there)
            assert store.check() == []
            n_said += len(lines)
    print(f"\n{n_kills} kills of programs at a server: {n_said} imports and removals acknowledged")


def test_a_writer_waits_for_another_and_says_so_when_it_takes_too_long(
    processes: Callable, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (slow,) = processes(DIE_IN_AN_IMPORT, (url,))
    assert slow.stdout.readline() == "rows are in\n"
    monkeypatch.setattr("results_db.shared.server_engine.LOCK_TIMEOUT_S", 0.5)
    with Store.open(url) as store:
        preview = store.preview("mine.csv", b"n_params,n_tokens,loss\n2e9,2e10,2.9\n")
        with pytest.raises(StoreError, match=r"another program has been writing .* nothing was changed, try again"):
            store.commit(preview)
        slow.kill()
        slow.wait(timeout=120)
        store.commit(preview)
        assert list(store.table("runs")["n_params"]) == [2e9]


def test_threads_of_one_program_read_while_others_write(url: str) -> None:
    with Store.open(url) as store:
        problems: list[object] = []

        def guarded(work: Callable[[], object]) -> threading.Thread:
            def run() -> None:
                try:
                    work()
                except Exception as problem:  # the test reports it
                    problems.append(problem)

            thread = threading.Thread(target=run)
            thread.start()
            return thread

        def write(number: int) -> None:
            rows = "".join(f"{1e6 + 100 * number + i:.0f},1e9,2.5\n" for i in range(20))
            store.commit(store.preview(f"{number}.csv", f"n_params,n_tokens,loss\n{rows}".encode()))

        def read() -> None:
            problems.extend(n for n in (len(store.table("runs")) for _ in range(10)) if n % 20)

        for thread in [guarded(read) for _ in range(4)] + [guarded(lambda n=n: write(n)) for n in range(4)]:
            thread.join()
        assert problems == []
        assert len(store.table("runs")) == 80


def test_a_server_that_goes_away_is_said_and_the_store_goes_on_when_it_is_back(
    url: str, postgres: PostgresServer
) -> None:
    with Store.open(url) as store:
        preview = store.preview("mine.csv", b"n_params,n_tokens,loss\n1e9,2e10,2.9\n")
        key = store.commit(preview)
        postgres.stop()
        for call in (lambda: store.table("runs"), lambda: store.commit(preview), store.status, lambda: Store.open(url)):
            with pytest.raises(StoreError, match=r"no server answers at|was lost; what was not finished") as refused:
                call()
            assert PASSWORD not in str(refused.value)
        postgres.start()
        assert list(store.datasets()["dataset_id"]) == [key]
        assert store.commit(preview) == key
        assert len(store.table("runs")) == 1


def test_a_connection_cut_in_an_import_leaves_nothing(url: str, postgres: PostgresServer) -> None:
    def cut_while_writing() -> None:
        with store._access.writing() as cursor:
            cursor.execute("INSERT INTO sources (source_id, title) VALUES ('a', 'b')")
            postgres.sql(CUT)
            cursor.execute("SELECT count(*) FROM sources").fetchall()

    with Store.open(url) as store:
        with pytest.raises(StoreError, match=r"was lost; what was not finished was not stored"):
            cut_while_writing()
        assert store.table("sources").empty


def test_a_program_that_is_too_old_for_the_tables_stops_writing(url: str, postgres: PostgresServer) -> None:
    with Store.open(url) as store:
        preview = store.preview("mine.csv", b"n_params,n_tokens,loss\n1e9,2e10,2.9\n")
        postgres.sql(
            "INSERT INTO precision_atlas.schema_version (version, migration, applied_at) VALUES (99, 'new', now())",
            url.rpartition("/")[2],
        )
        with pytest.raises(StoreError, match=r"a newer program has changed the tables .* \(version 99, this one knows"):
            store.commit(preview)
        assert store.table("runs").empty
    with pytest.raises(StoreError, match=r"has schema version 99, this program knows versions up to"):
        Store.open(url)
