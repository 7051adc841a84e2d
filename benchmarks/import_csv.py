"""A table of a million runs into the store, against DuckDB's own read_csv and INSERT; then what the pages ask of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import duckdb
import numpy as np

from benchmarks.report import machine, table
from results_db import Picks, Store

TITLE = "A million runs"
N_ROWS, TURNS = 1_000_000, 3
COLUMNS = (
    "file",
    "DuckDB [s]",
    "ours [s]",
    "ratio",
    "DuckDB [CPU s]",
    "ours [CPU s]",
    "ratio",
    "peak above start [MB]",
)


def sections(quick: bool) -> Iterator[str]:
    """Paragraphs and tables of Markdown, as they are ready."""
    n_rows = N_ROWS // 10 if quick else N_ROWS
    yield machine(("duckdb", "pyarrow", "pandas"))
    yield (
        f"A CSV of {n_rows:,} runs is checked, previewed, keyed and stored, against DuckDB's `read_csv` with the types "
        "given and `INSERT` into the same empty table `runs`, with its checks and its primary key: it names no wrong "
        f"cell and finds no repeated row. Each side in a process of its own, in turns; medians of {TURNS}."
    )
    with tempfile.TemporaryDirectory() as folder:
        rows = [_turns(kind, write, n_rows, Path(folder)) for kind, write in FILES.items()]
        yield table(COLUMNS, rows)
        yield f"What the pages then ask of a store with {n_rows:,} runs and nothing else:"
        yield table(("question", "seconds"), _answers(Path(folder), n_rows))


def _turns(kind: str, write: Callable[[Path, int], None], n_rows: int, folder: Path) -> list[str]:
    file = folder / f"{kind}.csv"
    write(file, n_rows)
    turns = [[_in_process(side, file, folder) for side in SIDES] for _ in range(TURNS)]
    wall, cpu, peak = ([median(one[key] for one in side) for side in zip(*turns, strict=True)] for key in KEYS)
    numbers = (*wall, wall[1] / wall[0], *cpu, cpu[1] / cpu[0])
    return [f"{kind}, {file.stat().st_size / 1e6:.0f} MB", *(f"{x:.2f}" for x in numbers), f"{peak[1]:.0f}"]


def _answers(folder: Path, n_rows: int) -> Iterator[tuple[str, str]]:
    for question, seconds in _in_process("questions", folder / "plain.csv", folder).items():
        yield question, f"{seconds:.2f}"


def _runs(seed: int, n_rows: int) -> Iterator[tuple[int, float, float, float, str]]:
    """Number, size, tokens, loss and format of random runs of a Chinchilla law."""
    rng = np.random.default_rng(seed)
    n, d = (np.exp(rng.uniform(np.log(low), np.log(1e4 * low), n_rows)) for low in (1e7, 1e9))
    loss = 1.8 + 400 / n**0.34 + 1800 / d**0.36 + rng.normal(0, 0.01, n_rows)
    formats = rng.choice(["bf16", "mxfp4", "nvfp4"], n_rows).tolist()
    return zip(range(n_rows), n.tolist(), d.tolist(), loss.tolist(), formats, strict=True)


def _plain(file: Path, n_rows: int) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.write("run_id,family,n_params,n_tokens,flops,loss,forward_format,backward_format\n")
        for i, n, d, loss, fmt in _runs(0, n_rows):
            out.write(f"run-{i:07d},sweep {i % 50},{n:.0f},{d:.6g},{6 * n * d:.6e},{loss:.6f},{fmt},bf16\n")


def _quoted(file: Path, n_rows: int) -> None:
    """All digits of every number, names and a note in quotes."""
    with file.open("w", encoding="utf-8") as out:
        out.write('"run_id","n_params","n_tokens","loss","forward_format","note"\n')
        for i, n, d, loss, fmt in _runs(1, n_rows):
            out.write(f'"run-{i:07d}",{n!r},{d!r},{loss!r},"{fmt}","seed {i % 7}, ""late"" node {i % 90}"\n')


def _nameless(file: Path, n_rows: int) -> None:
    """The least that a run needs, with a unit in the header and one in the cells."""
    with file.open("w", encoding="utf-8") as out:
        out.write("params (M),tokens,loss\n")
        for _, n, d, loss, _ in _runs(2, n_rows):
            out.write(f"{n / 1e6:.4f},{d / 1e9:.2f}B,{loss:.7f}\n")


FILES = {"plain": _plain, "quoted": _quoted, "units": _nameless}


def _in_process(side: str, file: Path, folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.import_csv", side, file, folder / f"{side}.duckdb"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def peer(file: Path, store: Path) -> None:
    """DuckDB's own way, with its columns named as ours and units taken off in SQL."""
    number = "CAST(rtrim({}, 'B') AS DOUBLE) * 1e9 AS n_tokens"
    with duckdb.connect(str(store)) as connection:
        types = dict(connection.execute("SELECT name, type FROM pragma_table_info('runs')").fetchall())
        header = file.open(encoding="utf-8").readline().replace('"', "").strip().split(",")
        columns, chosen = {name: types.get(name, "DOUBLE") for name in header}, "*"
        if "tokens" in header:
            columns["tokens"] = "VARCHAR"
            chosen = f'"params (M)" * 1e6 AS n_params, {number.format("tokens")}, loss, row_number() OVER () AS run_id'
        connection.execute(
            f"INSERT INTO runs BY NAME SELECT {chosen}, 'mine' AS source_id, 'mine' AS dataset_id, 'uploaded' AS origin"
            f" FROM read_csv(?, header=true, columns={columns})",
            [str(file)],
        )


def ours(file: Path, store: Path) -> None:
    """The import as the page and the command line do it."""
    with Store.open(store) as opened:
        opened.commit(opened.preview(file.name, file))


def _questions(file: Path, store: Path) -> dict[str, float]:
    with Store.open(store) as opened:
        preview = opened.preview(file.name, file)
        dataset, runs = opened.commit(preview), opened.runs
        asked: dict[str, Callable[[], object]] = {
            "values and counts of every filter": runs.facets,
            "runs per origin": lambda: runs.counts(Picks()),
            "the points of the figure": lambda: runs.points(Picks(), "flops", "forward", 12),
            "the first 1,000 rows by loss": lambda: runs.page(Picks(), "lowest loss", 0, 1000),
            "1,000 rows from the middle": lambda: runs.page(Picks(), "lowest loss", N_ROWS // 20, 1000),
            "a sample for a fit": runs.sample,
            "a copy of all tables for SQL, and a query on it": lambda: opened.ask("SELECT avg(loss) FROM runs"),
            "another query on it": lambda: opened.ask("SELECT family, min(loss) FROM runs GROUP BY ALL"),
            "all runs as zipped CSV": lambda: runs.archive(Picks(), "csv"),
            "undo of the import": lambda: opened.undo(dataset),
        }
        seconds = {name: _seconds(question) for name, question in asked.items()}
        opened.commit(preview)
        seconds["deletion, which can be taken back"] = _seconds(lambda: opened.delete(dataset))
        seconds["restoring what was deleted"] = _seconds(lambda: opened.restore(dataset))
        opened.delete(dataset)
        return seconds | {"deletion for good of what was deleted": _seconds(lambda: opened.purge(dataset))}


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _measured(side: Callable[[Path, Path], None], file: Path, store: Path) -> dict[str, float]:
    before, cpu = _peak_mb(), time.process_time()
    wall = _seconds(lambda: side(file, store))
    return dict(zip(KEYS, (wall, time.process_time() - cpu, _peak_mb() - before), strict=True))


def _peak_mb() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


KEYS = ("wall", "cpu", "peak")
SIDES = {"peer": peer, "ours": ours}


def main(side: str, file: Path, store: Path) -> None:
    """Prints what one side needs, on a new store that had been opened and closed before the clock starts."""
    for old in (store, store.with_name(store.name + ".wal")):
        old.unlink(missing_ok=True)
    Store.create(store, shipped=False).close()
    print(json.dumps(_questions(file, store) if side == "questions" else _measured(SIDES[side], file, store)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
