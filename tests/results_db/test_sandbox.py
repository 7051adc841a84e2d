"""Anybody's SQL: it reads the store's tables as they are now, and no text of it reads, writes or holds up anything."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from results_db import Store
from results_db.sandbox.child import MEMORY_BYTES
from results_db.sandbox.process import Answer, ask
from results_db.sandbox.sandbox import MOST_ROWS, Sandbox
from results_db.snapshot import write_snapshot

RUNS = b"n_params,n_tokens,loss\n1e9,2e10,2.9\n2e9,4e10,2.7\n"
SECRET = "correct-horse-battery-staple"
NOT_ALLOWED = "only SELECT is answered, nothing can be changed"
OUTSIDE = "the query reaches for files or settings; only the tables of the store can be read here"
TOO_MUCH = "the query needs more than 512MB of memory"
TOO_LONG = "the query was stopped after 1 s"

# What somebody may try -> what the answer says instead. {file} is a file with a secret, {folder} a free folder.
ATTACKS = {
    "read a file as text": ("SELECT * FROM read_text('{file}')", OUTSIDE),
    "read a file as bytes": ("SELECT * FROM read_blob('{file}')", OUTSIDE),
    "read a file as a table": ("SELECT * FROM read_csv('{file}', auto_detect=true)", OUTSIDE),
    "name a file as a table": ("SELECT * FROM '{file}'", "does not exist"),
    "guess a file's format": ("FROM sniff_csv('{file}')", OUTSIDE),
    "list a folder": ("SELECT * FROM glob('{folder}/*')", OUTSIDE),
    "read Parquet": ("SELECT * FROM read_parquet('{file}')", OUTSIDE),
    "read JSON": ("SELECT * FROM read_json('{file}')", OUTSIDE),
    "read another database": ("SELECT * FROM read_duckdb('{file}')", OUTSIDE),
    "attach a database": ("ATTACH '{folder}/new.duckdb'", NOT_ALLOWED),
    "attach the store": ("ATTACH '{store}' AS store", NOT_ALLOWED),
    "copy out": ("COPY runs TO '{folder}/out.csv'", NOT_ALLOWED),
    "copy in": ("COPY runs FROM '{file}'", NOT_ALLOWED),
    "export everything": ("EXPORT DATABASE '{folder}/out'", NOT_ALLOWED),
    "install an extension": ("INSTALL httpfs", NOT_ALLOWED),
    "load an extension": ("LOAD httpfs", NOT_ALLOWED),
    "read over the network": ("SELECT * FROM read_csv('https://example.com/x.csv')", OUTSIDE),
    "name a table on the network": ("SELECT * FROM 's3://bucket/x.parquet'", OUTSIDE),
    "turn the locks off": ("SET enable_external_access = true", NOT_ALLOWED),
    "give back memory": ("SET memory_limit = '64GB'", NOT_ALLOWED),
    "set by a pragma": ("PRAGMA enable_profiling", NOT_ALLOWED),
    "log to a file": ("SELECT * FROM enable_logging(storage = 'file', storage_path = '{folder}/log')", "logging"),
    "log by a call": ("CALL enable_logging(storage = 'file', storage_path = '{folder}/log')", NOT_ALLOWED),
    "insert": ("INSERT INTO runs SELECT * FROM runs", NOT_ALLOWED),
    "update": ("UPDATE runs SET loss = 1", NOT_ALLOWED),
    "delete": ("DELETE FROM runs", NOT_ALLOWED),
    "drop": ("DROP TABLE runs", NOT_ALLOWED),
    "create": ("CREATE TABLE mine AS SELECT 1 AS x", NOT_ALLOWED),
    "a second statement": ("SELECT 1; DROP TABLE runs", "these are 2 statements; ask one SELECT at a time"),
    "a statement in a string": ("SELECT * FROM query('DROP TABLE runs')", "single SELECT"),
    "explain and do": ("EXPLAIN ANALYZE DELETE FROM runs", NOT_ALLOWED),
    "prepare": ("PREPARE x AS DELETE FROM runs", NOT_ALLOWED),
    "read the environment": ("SELECT getenv('ATLAS_SECRET')", "getenv does not exist"),
    "read a variable of Python": ("SELECT * FROM asked", "asked does not exist"),
    "read secrets": ("SELECT * FROM duckdb_secrets()", OUTSIDE),
    "a text of 2 GB": ("SELECT repeat('x', 2000000000)", TOO_MUCH),
    "a text that doubles": (
        "WITH RECURSIVE t(n, s) AS (SELECT 1, 'x' UNION ALL SELECT n + 1, s || s FROM t) SELECT max(length(s)) FROM t",
        TOO_MUCH,
    ),
    "an endless recursion": ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL FROM t) SELECT max(n) FROM t", TOO_LONG),
    "a cross join": ("SELECT sum(a.loss * b.loss * c.loss) FROM runs a, runs b, runs c, runs d", TOO_LONG),
    "a sort of a trillion": ("SELECT * FROM range(1000000000000) ORDER BY random()", TOO_LONG),
    "a list of everything": ("SELECT list(a.run_id || b.run_id) FROM runs a, runs b, runs c", "the query"),
    "a pattern that explodes": ("SELECT regexp_matches(repeat('a', 100000), '(a*)*b')", ""),
    "parentheses": ("SELECT " + "(" * 30_000 + "1" + ")" * 30_000, "memory exhausted"),
    "a sum of 20,000": ("SELECT " + "+".join(["1"] * 20_000), "depth limit"),
    "half a character": ("SELECT '\ud800'", ""),
    "a zero byte": ("SELECT '\x00'", "unterminated"),
    "nothing": (" -- a comment", "there is no statement; write a SELECT"),
    "pivot without values": ("PIVOT runs ON forward_format USING count(*)", "write PIVOT with the values"),
    "a typing error": ("SELEC * FROM runs", "syntax error"),
    "an unknown column": ("SELECT los FROM runs", "loss"),
}  # fmt: skip
SLOW = {name for name, (_, said) in ATTACKS.items() if said == TOO_LONG}


@pytest.fixture(scope="module")
def snapshot(shipped_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped tables as the sandbox copies them."""
    store, path = (tmp_path_factory.mktemp(name) / "atlas.duckdb" for name in ("store", "snapshot"))
    store.write_bytes(shipped_file.read_bytes())
    with duckdb.connect(str(store)) as connection:
        write_snapshot(connection, path)
    return path


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the attacks point to."""
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "secret.txt").write_text(SECRET)
    return {"file": f"{folder}/secret.txt", "folder": str(folder), "store": f"{folder}/atlas.duckdb"}


@pytest.fixture(scope="module")
def answers(snapshot: Path, places: dict[str, str]) -> dict[str, Answer]:
    """What every attack got, all of them asked once, several at a time."""
    before = snapshot.read_bytes()
    os.environ["ATLAS_SECRET"] = SECRET

    def attack(name: str) -> Answer:
        sql = ATTACKS[name][0]
        for place, path in places.items():
            sql = sql.replace(f"{{{place}}}", path)
        return ask(snapshot, sql, 100, seconds=1 if name in SLOW else 20)

    try:
        with ThreadPoolExecutor(4) as pool:
            found = dict(zip(ATTACKS, pool.map(attack, ATTACKS), strict=True))
    finally:
        del os.environ["ATLAS_SECRET"]
    assert snapshot.read_bytes() == before
    assert [path.name for path in snapshot.parent.iterdir()] == [snapshot.name]
    assert [path.name for path in Path(places["folder"]).iterdir()] == ["secret.txt"]
    return found


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gets_a_sentence_and_nothing_else(name: str, answers: dict[str, Answer]) -> None:
    answer, said = answers[name], ATTACKS[name][1]
    assert said in answer.problem
    assert bool(said) == bool(answer.problem), answer
    shown = answer.problem + answer.rows.to_csv()
    assert SECRET not in shown
    assert "Traceback" not in shown
    if said:
        assert answer.rows.empty


LEAKS = {
    "settings": "SELECT name, value FROM duckdb_settings()",
    "databases": "SELECT * FROM duckdb_databases()",
    "functions": "SELECT function_name FROM duckdb_functions()",
    "memory": "SELECT * FROM duckdb_memory()",
    "dictionary": "SELECT * FROM information_schema.tables",
    "variables": "SELECT * FROM duckdb_variables()",
}


@pytest.mark.parametrize("name", LEAKS)
def test_what_duckdb_tells_about_itself_names_no_place_but_the_copy(name: str, snapshot: Path) -> None:
    answer = ask(snapshot, LEAKS[name], 10_000)
    told = answer.problem + answer.rows.to_csv()
    told = told.replace(str(snapshot.parent.resolve()), "").replace(str(snapshot.parent), "")
    for place in (str(Path.home()), str(Path.cwd()), os.environ.get("USER") or "nobody-knows"):
        assert len(place) < 6 or place not in told


def test_the_copy_holds_every_row_of_every_table_with_its_comments(shipped_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "copy.duckdb"
    shipped_store.write_snapshot(path)
    with duckdb.connect(str(path), read_only=True) as copy:
        for table, n_rows in shipped_store.status()["rows"].items():
            assert copy.execute(f"SELECT count(*) FROM {table}").fetchall() == [(n_rows,)], table
            original = shipped_store.table(table)
            assert copy.execute(f"SELECT * FROM {table}").df().equals(original), table
        comments = copy.execute(
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
    described = shipped_store.describe()[["table", "column", "comment"]].itertuples(index=False, name=None)
    assert comments == sorted(described)


def test_an_answer_is_of_the_store_as_it_is_now(empty_store: Store) -> None:
    count = "SELECT count(*) AS n FROM runs"
    assert empty_store.ask(count).rows["n"][0] == 0
    dataset = empty_store.commit(empty_store.preview("mine.csv", RUNS))
    assert empty_store.ask(count).rows["n"][0] == 2
    empty_store.undo(dataset)
    assert empty_store.ask(count).rows["n"][0] == 0


def test_more_rows_than_asked_for_are_cut_and_that_is_said(shipped_store: Store) -> None:
    cut = shipped_store.ask("SELECT * FROM runs ORDER BY loss", rows=5)
    assert (len(cut.rows), cut.is_cut, cut.problem) == (5, True, "")
    assert cut.rows["loss"].is_monotonic_increasing
    whole = shipped_store.ask("SELECT * FROM runs LIMIT 5", rows=5)
    assert (len(whole.rows), whole.is_cut) == (5, False)
    assert len(shipped_store.ask("SELECT * FROM range(50000)", rows=50_000).rows) == MOST_ROWS


def test_every_type_comes_back_as_a_number_a_text_a_truth_value_or_a_time(snapshot: Path) -> None:
    sql = (
        "SELECT 1 AS a, 2.5::DECIMAL(9, 2) AS a, 3::HUGEINT AS huge, [1, 2] AS list, {'k': 'v'} AS struct,"
        " MAP {'k': 1} AS map, 'x'::BLOB AS bytes, INTERVAL 1 DAY AS span, TIME '10:00' AS clock, true AS yes,"
        " TIMESTAMP '2026-01-02 03:04:05' AS at, NULL AS none, uuid()::VARCHAR AS id, 'NaN'::DOUBLE AS nan"
    )
    answer = ask(snapshot, sql, 10)
    assert answer.problem == ""
    (row,) = answer.rows.to_dict("records")
    assert (row["a"], row["a (2)"], row["huge"], row["yes"]) == (1, 2.5, 3.0, True)
    assert (row["list"], row["struct"], row["map"]) == ("[1, 2]", '{"k": "v"}', '[["k", 1]]')
    assert (row["bytes"], row["span"], row["clock"]) == ("78", "0 months 1 days 0 s", "10:00:00")
    assert str(row["at"]) == "2026-01-02 03:04:05"


def test_an_answer_too_large_to_show_is_refused(snapshot: Path) -> None:
    answer = ask(snapshot, "SELECT repeat('x', 10000) FROM range(10000)", 10_000)
    assert "MB, more than a page can show; ask for fewer columns or rows" in answer.problem


def test_a_query_that_is_stopped_leaves_no_process_behind(snapshot: Path) -> None:
    began = time.monotonic()
    answer = ask(snapshot, ATTACKS["a cross join"][0], 10, seconds=1)
    assert "was stopped after 1 s" in answer.problem
    assert time.monotonic() - began < 4
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    if children.exists():
        names = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children.read_text().split()]
        assert not any(b"child.py" in name for name in names)


@pytest.fixture
def sandbox(snapshot: Path) -> Iterator[Sandbox]:
    """A sandbox of a store that changes with every look at it."""
    states = iter(range(1_000_000))

    def copy(path: Path) -> None:
        path.write_bytes(snapshot.read_bytes())

    made = Sandbox(copy, lambda: next(states))
    yield made
    made.close()


def test_old_copies_are_deleted_when_nobody_reads_them(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: sandbox.ask("SELECT count(*) AS n FROM sources"), range(6)))
    assert {answer.problem for answer in found} == {""}
    assert len({int(answer.rows["n"][0]) for answer in found}) == 1
    assert sandbox._folder
    assert len(list(Path(sandbox._folder.name).rglob("*.duckdb"))) == 1
    folder = Path(sandbox._folder.name)
    sandbox.close()
    assert not folder.exists()


def test_while_others_ask_one_waits_its_turn_and_is_told_when_it_takes_long(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = threading.Event()
    monkeypatch.setattr("results_db.sandbox.sandbox.ask", lambda *asked: busy.wait(120) and Answer())
    with ThreadPoolExecutor(3) as pool:
        first = [pool.submit(sandbox.ask, "SELECT 1") for _ in range(2)]
        while sandbox._turns._value:  # until both have their turn
            time.sleep(0.01)
        third = sandbox.ask("SELECT 1", seconds=0)
        busy.set()
        assert [one.result().problem for one in first] == ["", ""]
    assert third.problem == "other queries are running; ask again in a moment"


def test_the_limits_are_those_of_a_page() -> None:
    assert MEMORY_BYTES < 4e9
