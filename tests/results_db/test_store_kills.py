"""kill -9 during imports, deletions and migrations: what was acknowledged is whole, and nothing is half done."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from killing import table

from results_db import Store
from results_db.backup import automatic_backups
from results_db.migrations import MIGRATIONS, migrate

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows starts processes otherwise")
KILLS = pytest.mark.parametrize("n_kills", [2, pytest.param(100, marks=pytest.mark.exhaustive)])


class Killer:
    """Starts workers and kills each after some time."""

    def __init__(self, acks: Path) -> None:
        self.acks = acks
        self._starter = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("killing.py")],
            env=os.environ | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def kill(self, job: str, path: Path, n_acks: int, after_s: float) -> list[str]:
        """What a worker acknowledged until it was killed, that long after its n-th acknowledgment or its end."""
        self.acks.write_text("")
        assert self._starter.stdin
        assert self._starter.stdout
        self._starter.stdin.write(f"{job} {path} {self.acks}\n")
        self._starter.stdin.flush()
        worker = int(self._starter.stdout.readline())
        while (said := self.acks.read_text()).count("\n") <= n_acks and "done" not in said:
            time.sleep(0.002)
        time.sleep(after_s)
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(worker, signal.SIGKILL)
        assert self._starter.stdout.readline() == "ended\n"
        return [line for line in self.acks.read_text().splitlines() if line not in ("started", "done")]

    def close(self) -> None:
        self._starter.communicate("", timeout=120)


@pytest.fixture
def killer(tmp_path: Path) -> Iterator[Killer]:
    made = Killer(tmp_path / "acks")
    yield made
    made.close()


def sizes(store: Store) -> dict[str, int]:
    """Rows per dataset, as counted in the table and as its import recorded; fails when the two differ."""
    runs = store.table("runs")["dataset_id"].dropna().value_counts().to_dict()
    recorded = dict(store.datasets()[["dataset_id", "n_rows"]].itertuples(index=False, name=None))
    assert runs == recorded
    assert store.check() == []
    return recorded


@KILLS
def test_an_import_that_is_killed_is_there_whole_or_not_at_all(
    n_kills: int, killer: Killer, own_store_path: Path, empty_file: Path
) -> None:
    rng = np.random.default_rng(n_kills)
    shutil.copyfile(empty_file, own_store_path)
    acknowledged: dict[str, int] = {}
    n_unsaid = 0
    for _ in range(n_kills):
        said = killer.kill("imports", own_store_path, int(rng.integers(1, 5)), rng.uniform(0, 0.15))
        acknowledged |= {dataset: int(n_rows) for dataset, n_rows in (line.split() for line in said)}
        with Store.open(own_store_path) as store:
            there = sizes(store)
        assert acknowledged.items() <= there.items()
        assert len(there) - len(acknowledged) <= 1  # one may be in that nobody was told of
        n_unsaid += len(there) - len(acknowledged)
        acknowledged = there
    assert len(acknowledged) >= n_kills
    n_rows = sum(acknowledged.values())
    print(f"\n{n_kills} kills: {len(acknowledged)} imports of {n_rows:,} rows, {n_unsaid} of them not acknowledged")


@KILLS
def test_a_deletion_that_is_killed_is_done_or_not_begun(
    n_kills: int, killer: Killer, own_store_path: Path, empty_file: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(n_kills)
    full = tmp_path / "full.duckdb"
    shutil.copyfile(empty_file, full)
    with Store.open(full) as store:
        for number in range(12):
            store.commit(store.preview(f"{number}.csv", table(number)[0]))
        before = sizes(store)
    n_said = 0
    for _ in range(n_kills):
        for file in tmp_path.glob("atlas.duckdb*"):
            file.unlink()
        shutil.copyfile(full, own_store_path)
        said = killer.kill("deletes", own_store_path, int(rng.integers(1, 9)), rng.uniform(0, 0.1))
        n_said += len(said)
        last = {dataset: action for action, dataset in (line.split() for line in said)}
        with Store.open(own_store_path) as store:
            there, aside = sizes(store), set(store.deleted()["dataset_id"])
        for dataset, n_rows in before.items():
            state = "there" if dataset in there else "aside" if dataset in aside else "gone"
            assert there.get(dataset, n_rows) == n_rows
            assert not (dataset in there and dataset in aside)
            allowed = AFTER[last.get(dataset, "")]
            assert state in allowed, (dataset, state, last.get(dataset))
    assert n_said >= n_kills
    print(f"\n{n_kills} kills: {n_said} deletions, restorations and purges acknowledged")


# What was acknowledged last -> where a dataset may be: there, or where the action that was killed would bring it.
AFTER = {"": ("there", "aside"), "delete": ("aside", "there", "gone"), "restore": ("there",), "purge": ("gone",)}


@KILLS
def test_a_migration_that_is_killed_is_made_up_for_at_the_next_start(
    n_kills: int, killer: Killer, own_store_path: Path, tmp_path: Path, valid_rows: dict[str, dict[str, Any]]
) -> None:
    rng = np.random.default_rng(n_kills)
    old = tmp_path / "old.duckdb"
    rows = older_store(old, valid_rows)
    n_migrated = 0
    shutil.copyfile(old, own_store_path)
    began = time.monotonic()
    killer.kill("migrates", own_store_path, 1, 0)
    whole_s = time.monotonic() - began
    for _ in range(n_kills):
        for file in tmp_path.glob("*atlas.duckdb*"):
            file.unlink()
        shutil.copyfile(old, own_store_path)
        said = killer.kill("migrates", own_store_path, 0, rng.uniform(0, 1.3 * whole_s))
        with Store.open(own_store_path) as store:
            assert store.status()["schema_version"] == len(MIGRATIONS)
            assert {name: len(store.table(name)) for name in rows} == rows
        assert said in ([], [f"version {len(MIGRATIONS)}"])
        n_migrated += bool(said)
        for backup in automatic_backups(own_store_path)[-1:]:
            with duckdb.connect(str(backup), read_only=True) as connection:
                assert connection.execute("SELECT max(version) FROM schema_version").fetchall() == [(1,)]
    print(f"\n{n_kills} kills: {n_kills - n_migrated} before the migration was acknowledged, {n_migrated} after")


def older_store(path: Path, valid_rows: dict[str, dict[str, Any]]) -> dict[str, int]:
    """Makes a store of the first schema version without shipped data, with 20,000 runs; the rows per table."""
    kept = {name: row for name, row in valid_rows.items() if name != "sources"}
    with duckdb.connect(str(path)) as connection:
        migrate(connection, MIGRATIONS[:1])
        for name, row in kept.items():
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        connection.execute(
            "INSERT INTO runs (run_id, source_id, n_params, loss, origin)"
            " SELECT 'r' || i, 's', 1e9, 2.5, 'published' FROM range(20000) t(i)"
        )
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in kept}
