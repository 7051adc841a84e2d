"""Everything in one file that others can open: whole, with its sources, safe in a spreadsheet, never over another."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from results_db import Store, StoreError
from results_db.formulas import guarded, guarded_in_sql, unguarded

RUNS = b'run_id,n_params,n_tokens,loss,note\na,1e9,2e10,2.9,=1+1\nb,2e9,4e10,2.7,"two\nlines, ""quoted"""\n'


def test_a_duckdb_file_of_everything_has_every_row_and_comment(shipped_store: Store, tmp_path: Path) -> None:
    shipped_store.commit(shipped_store.preview("mine.csv", RUNS))
    path = tmp_path / "all.duckdb"
    shipped_store.export_all(path)
    with duckdb.connect(str(path), read_only=True) as copy:
        for table, n_rows in shipped_store.status()["rows"].items():
            assert copy.execute(f"SELECT count(*) FROM {table}").fetchall() == [(n_rows,)], table
        assert copy.execute("SELECT note FROM runs WHERE run_id = 'a' AND loss = 2.9").fetchall() == [("=1+1",)]
        assert copy.execute("SELECT count(*) FROM runs SEMI JOIN sources USING (source_id)").fetchall()[0][0] > 400
        comments = copy.execute("SELECT count(*) FROM duckdb_columns() WHERE comment IS NULL AND NOT internal")
        assert comments.fetchall() == [(0,)]


@pytest.mark.parametrize("fmt", ["csv", "parquet"])
def test_an_archive_of_everything_has_every_table_once(fmt: str, shipped_store: Store, tmp_path: Path) -> None:
    shipped_store.commit(shipped_store.preview("mine.csv", RUNS))
    path = tmp_path / "all.zip"
    shipped_store.export_all(path, fmt)
    with zipfile.ZipFile(path) as archive:
        rows = shipped_store.status()["rows"]
        assert sorted(archive.namelist()) == sorted([*(f"{name}.{fmt}" for name in rows), "columns.csv", "README.txt"])
        for table, n_rows in rows.items():
            data = io.BytesIO(archive.read(f"{table}.{fmt}"))
            found = pd.read_csv(data, dtype=str) if fmt == "csv" else pd.read_parquet(data)
            assert len(found) == n_rows, table
            if table == "runs":
                assert set(found["note"].tail(2)) == {"'=1+1" if fmt == "csv" else "=1+1", 'two\nlines, "quoted"'}
        meanings = pd.read_csv(io.BytesIO(archive.read("columns.csv")))
        assert set(meanings["table"]) == set(rows)
        assert "Every row says under source_id where it is from" in archive.read("README.txt").decode()


def test_an_export_writes_over_nothing_and_leaves_nothing_behind(
    shipped_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "mine.zip").write_text("mine")
    with pytest.raises(
        StoreError, match=r"mine\.zip exists already; choose another name for the export, nothing was written"
    ):
        shipped_store.export_all(folder / "mine.zip")
    with pytest.raises(StoreError, match=r"the folder .*typo for the export does not exist; create it"):
        shipped_store.export_all(folder / "typo" / "all.zip")
    with pytest.raises(ValueError, match=r"all\.xlsx is no name for all tables; end it in \.duckdb, or in \.zip"):
        shipped_store.export_all(folder / "all.xlsx")
    with pytest.raises(ValueError, match="unknown format 'xlsx'"):
        shipped_store.export_all(folder / "all.zip", "xlsx")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("results_db.exporting.write", full)
    with pytest.raises(StoreError, match=r"the archive cannot be written \(No space left on device\); free some"):
        shipped_store.export_all(folder / "all.zip")
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("mine.zip", "mine")]


LETTERS = [*"=+-@'0123456789.eE,; x\t\n\r\"", "＝", "＋", "－", "＠", "٣", "ö", "\u00a0"]


def test_sql_disarms_the_cells_that_python_does_and_an_import_restores_them() -> None:
    rng = np.random.default_rng(8)
    texts = ["".join(rng.choice(LETTERS, rng.integers(0, 7))) for _ in range(20_000)]
    texts += ["-1", "+1e5", "-1.5e-3", "-1-1", "'-1", "''=x", "-٣", "-.5", "-.", "+", "- 1", "-1 "]
    frame = pd.DataFrame({"text": texts})
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        found = connection.execute(f"SELECT {guarded_in_sql('text')} FROM frame").fetchall()
    wrong = [(text, cell) for text, (cell,) in zip(texts, found, strict=True) if cell != guarded(text)]
    assert not wrong, wrong[:5]
    assert [unguarded(cell) for (cell,) in found] == texts
    disarmed = [cell for (cell,) in found if cell.startswith(("=", "@", "＝", "＠", "\t", "\r", "\n"))]
    assert not disarmed


def test_everything_on_the_command_line(command: Callable, own_store_path: Path, tmp_path: Path) -> None:
    command("import", "-", stdin=RUNS)
    answer = command("export-all", tmp_path / "all.duckdb")
    assert (answer.code, answer.out) == (0, f"{tmp_path / 'all.duckdb'}\n")
    assert command("export-all", tmp_path / "all.zip", "--format", "parquet").code == 0
    again = command("export-all", tmp_path / "all.zip")
    assert (again.code, again.data) == (1, b"")
    assert "exists already" in again.err
    assert command("export-all", tmp_path / "all.txt").code == 2


def test_one_table_with_its_sources_on_the_command_line(
    command: Callable, shipped_store: Store, tmp_path: Path
) -> None:
    source = "quartet_2025"
    expected = shipped_store.table("throughput", source_id=source)
    shipped_store.close()
    answer = command("export", "throughput", "--source", source, "--zip", tmp_path / "mine.zip")
    assert (answer.code, answer.out) == (0, f"{tmp_path / 'mine.zip'}\n")
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        names = archive.namelist()
        rows, sources = (pd.read_csv(io.BytesIO(archive.read(f"{name}.csv"))) for name in ("throughput", "sources"))
    assert names == ["throughput.csv", "sources.csv", "datasets.csv", "columns.csv", "README.txt"]
    assert list(rows["value"]) == list(expected["value"])
    assert sources[["source_id", "license"]].to_numpy().tolist() == [[source, "MIT"]]
    again = command("export", "throughput", "--zip", tmp_path / "mine.zip")
    assert (again.code, "mine.zip exists already; choose another name for the export" in again.err) == (1, True)


def test_a_dataset_may_be_called_by_its_name_unless_a_source_has_it(shipped_store: Store) -> None:
    own = shipped_store.commit(shipped_store.preview("mine.csv", RUNS))
    shipped_store.commit(shipped_store.preview("quest_2025.csv", RUNS.replace(b"2.9", b"2.8")))
    assert shipped_store.export("runs", "csv", "mine") == shipped_store.export("runs", "csv", own)
    assert b"2.8," not in shipped_store.export("runs", "csv", "quest_2025")
    with pytest.raises(ValueError, match="unknown source of runs 'theirs'"):
        shipped_store.export("runs", "csv", "theirs")


def test_sql_on_the_command_line(command: Callable, own_store_path: Path) -> None:
    command("import", "-", stdin=RUNS)
    query = "SELECT run_id, note FROM runs WHERE dataset_id IS NOT NULL ORDER BY run_id"
    answer = command("sql", query)
    assert (answer.code, answer.err) == (0, "")
    assert pd.read_csv(io.StringIO(answer.out))["note"].to_list() == ["'=1+1", 'two\nlines, "quoted"']
    cut = command("sql", "-", "--rows", "1", stdin=query.encode())
    assert (cut.code, cut.out.splitlines()[1][:2]) == (0, "a,")
    assert cut.err == "these are the first 1 rows; there are more\n"
    refused = command("sql", "DROP TABLE runs")
    assert (refused.code, refused.data) == (1, b"")
    assert "only SELECT is answered" in refused.err
