"""A disk without room, of any of the places that are written to: a sentence, and what was there stays whole."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from results_db import Store
from results_db.backup import automatic_backups
from results_db.migrations import MIGRATIONS, migrate

ROOT = Path(__file__).parents[2]
RUNS = b"n_params,n_tokens,loss\n1e9,2e10,2.9\n2e9,4e10,2.7\n"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")

# A process whose files may not grow beyond a size, which is what a full disk looks like to it.
LIMITED = """
import json, resource, sys
from pathlib import Path
from results_db import Store, StoreError
path, target, limit = sys.argv[1:4]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
said = []
def tried(what, work):
    try:
        said.append([what, "done", str(work())])
    except StoreError as problem:
        said.append([what, "StoreError", str(problem)])
"""
TRIES = {
    "import": """
store = Store.open(path)
rows = "".join(f"{1e6 + i:.0f},2e10,2.5,{'x' * (i % 50)}{i}\\n" for i in range(150_000))
large = store.preview("large.csv", f"n_params,n_tokens,loss,note\\n{rows}".encode())
tried("import", lambda: store.commit(large))
tried("read", lambda: len(store.table("runs")))
tried("small import", lambda: store.commit(store.preview("s.csv", b"n_params,n_tokens,loss\\n5e9,2e10,2.5\\n")))
store.close()
""",
    "create": "tried('create', lambda: Store.create(path))\n",
    "migrate": "tried('open', lambda: Store.open(path))\n",
    "backup": "store = Store.open(path)\ntried('backup', lambda: store.backup(target))\n",
    "export": """
store = Store.open(path)
tried("duckdb", lambda: store.export_all(target + ".duckdb"))
tried("zip", lambda: store.export_all(target + ".zip", "parquet"))
""",
}


@pytest.fixture
def limited(own_store_path: Path, tmp_path: Path) -> Callable[[str, int], list[list[str]]]:
    """What a process says that tries one thing with files of at most so many bytes: what, outcome, words."""

    def run(name: str, limit: int) -> list[list[str]]:
        program = f"{LIMITED}{TRIES[name]}print(json.dumps(said))"
        done = subprocess.run(
            [sys.executable, "-c", program, own_store_path, tmp_path / "out", str(limit)],
            cwd=ROOT, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stderr == ""
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("more", [100_000, 2_000_000])
def test_an_import_that_does_not_fit_leaves_the_others_whole(
    more: int, limited: Callable, own_store_path: Path, empty_file: Path
) -> None:
    shutil.copyfile(empty_file, own_store_path)
    with Store.open(own_store_path) as store:
        store.commit(store.preview("mine.csv", RUNS))
    said = limited("import", own_store_path.stat().st_size + more)
    what, outcome, words = said[0]
    assert (what, outcome) == ("import", "StoreError")
    assert words.startswith(f"there is no room to write to the store {own_store_path}; free some space on its disk")
    assert said[1] == ["read", "done", "2"]
    with Store.open(own_store_path) as store:
        assert store.check() == []
        assert len(store.table("runs")) == 2 + (said[2][1] == "done")


def test_a_store_that_does_not_fit_is_not_made(limited: Callable, own_store_path: Path) -> None:
    ((_, outcome, words),) = limited("create", 1_000_000)
    assert outcome == "StoreError"
    assert words.startswith(f"there is no room to write to the store {own_store_path}")
    assert list(own_store_path.parent.iterdir()) == []


def test_without_room_for_a_backup_an_older_store_stays_as_it_is(
    limited: Callable, own_store_path: Path, valid_rows: dict[str, dict[str, Any]]
) -> None:
    with duckdb.connect(str(own_store_path)) as connection:
        migrate(connection, MIGRATIONS[:2])
    before = own_store_path.read_bytes()
    ((_, outcome, words),) = limited("migrate", len(before) - 4096)
    assert outcome == "StoreError"
    assert "was left as it is: it has the older version 2 and is brought up to date only after a backup, but" in words
    assert "File too large" in words
    assert own_store_path.read_bytes() == before
    assert [path.name for path in own_store_path.parent.iterdir()] == [own_store_path.name]
    with Store.open(own_store_path) as store:  # with room again
        assert store.status()["schema_version"] == len(MIGRATIONS)
    assert len(automatic_backups(own_store_path)) == 1


def test_without_room_for_the_migrated_copy_an_older_store_stays_as_it_is(
    limited: Callable, own_store_path: Path, valid_rows: dict[str, dict[str, Any]]
) -> None:
    with duckdb.connect(str(own_store_path)) as connection:
        migrate(connection, MIGRATIONS[:2])
    before = own_store_path.read_bytes()
    ((_, outcome, words),) = limited("migrate", len(before) + 4096)
    assert outcome == "StoreError"
    assert words.startswith(f"there is no room to write to the store {own_store_path}")
    assert own_store_path.read_bytes() == before
    (backup,) = automatic_backups(own_store_path)
    left = {own_store_path.name, backup.name, f"{backup.name}.sha256"}
    assert {path.name for path in own_store_path.parent.iterdir()} == left


@pytest.mark.parametrize("what", ["backup", "export"])
def test_a_copy_that_does_not_fit_leaves_nothing(
    what: str, limited: Callable, own_store_path: Path, shipped_file: Path, tmp_path: Path
) -> None:
    shutil.copyfile(shipped_file, own_store_path)
    before = own_store_path.read_bytes()
    said = limited(what, 60_000)
    for _, outcome, words in said:
        assert outcome == "StoreError"
        assert "File too large" in words or "there is no room" in words, words
    assert own_store_path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [own_store_path.name]
