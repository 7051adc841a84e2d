"""Copies of the store: whole, verified, and never written over anything."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from results_db import Store, StoreError
from results_db.backup import KEPT, automatic_backups, restore_file
from results_db.migrations import MIGRATIONS, migrate

RUNS = b"n_params,n_tokens,loss\n1e9,2e10,2.9\n"


@pytest.fixture
def backup(shipped_store: Store, tmp_path: Path) -> Path:
    """A backup of a store with an upload, taken while the store is open."""
    shipped_store.commit(shipped_store.preview("mine.csv", RUNS))
    path = tmp_path / "copy.backup"
    shipped_store.backup(path)
    return path


def test_a_backup_is_a_whole_store_with_its_checksum(backup: Path, shipped_store: Store) -> None:
    digest = hashlib.sha256(backup.read_bytes()).hexdigest()
    assert backup.with_name("copy.backup.sha256").read_text() == f"{digest}  copy.backup\n"
    shipped_store.commit(shipped_store.preview("later.csv", RUNS.replace(b"2.9", b"2.8")))
    with Store.open(backup) as copy:
        assert list(copy.datasets()["name"]) == ["mine"]
        assert copy.check() == []


def test_a_backup_writes_over_nothing(backup: Path, shipped_store: Store) -> None:
    before = backup.read_bytes()
    with pytest.raises(StoreError, match="exists already; choose another name for the backup, nothing was written"):
        shipped_store.backup(backup)
    assert backup.read_bytes() == before
    backup.unlink()
    with pytest.raises(StoreError, match=r"copy\.backup\.sha256 exists already"):
        shipped_store.backup(backup)
    with pytest.raises(StoreError, match=r"the folder .*typo for the backup does not exist; create it"):
        shipped_store.backup(backup.parent / "typo" / "copy")
    assert sorted(path.name for path in backup.parent.iterdir()) == ["atlas.duckdb", "copy.backup.sha256"]


def test_a_restored_store_is_the_one_that_was_backed_up(backup: Path, shipped_store: Store, tmp_path: Path) -> None:
    new = tmp_path / "restored.duckdb"
    assert "was verified by its checksum and its content" in restore_file(backup, new)
    assert new.read_bytes() == backup.read_bytes()
    with Store.open(new) as store:
        assert store.table("runs").equals(shipped_store.table("runs"))


def test_a_restore_writes_over_nothing(backup: Path, shipped_store: Store) -> None:
    with pytest.raises(StoreError, match="exists and is not overwritten; move it away first, then restore again"):
        restore_file(backup, shipped_store.path)
    assert len(shipped_store.datasets()) == 1


def test_a_backup_that_changed_since_is_refused(backup: Path, tmp_path: Path) -> None:
    with backup.open("ab") as file:
        file.write(b"x")
    new = tmp_path / "restored.duckdb"
    with pytest.raises(StoreError, match=r"is not the file that was backed up \(SHA-256 .*; use another backup"):
        restore_file(backup, new)
    assert not new.exists()


@pytest.mark.parametrize("content", ["", "no checksum at all", "\x00\xff"])
def test_a_checksum_that_says_something_else_is_refused(content: str, backup: Path, tmp_path: Path) -> None:
    backup.with_name("copy.backup.sha256").write_text(content)
    with pytest.raises(StoreError, match="is not the file that was backed up"):
        restore_file(backup, tmp_path / "restored.duckdb")


def test_without_its_checksum_a_backup_is_verified_by_its_content(backup: Path, tmp_path: Path) -> None:
    backup.with_name("copy.backup.sha256").unlink()
    new = tmp_path / "restored.duckdb"
    assert "is missing, so only the content" in restore_file(backup, new)
    assert new.read_bytes() == backup.read_bytes()


def damage(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x5A
    path.write_bytes(content)


DAMAGES = {
    "bits": lambda path: damage(path, 500_000),
    "a cut": lambda path: path.write_bytes(path.read_bytes()[:2_000_000]),
    "emptiness": lambda path: path.write_bytes(b""),
    "other content": lambda path: path.write_text("n_params,n_tokens,loss\n"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_backup_is_refused_by_its_own_name_and_leaves_nothing(
    kind: str, backup: Path, tmp_path: Path
) -> None:
    backup.with_name("copy.backup.sha256").unlink()
    DAMAGES[kind](backup)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(StoreError) as refused:
        restore_file(backup, tmp_path / "restored.duckdb")
    assert f"the backup {backup} is damaged: " in str(refused.value)
    assert "use another, nothing was restored" in str(refused.value)
    assert ".new" not in str(refused.value), refused.value
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_backup_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no backup .*gone; give the file that `backup` wrote"):
        restore_file(tmp_path / "gone", tmp_path / "restored.duckdb")


def test_backup_and_restore_on_the_command_line(command: Callable, own_store_path: Path, tmp_path: Path) -> None:
    command("import", "-", stdin=RUNS)
    copy = tmp_path / "copy"
    answer = command("backup", copy)
    digest = hashlib.sha256(copy.read_bytes()).hexdigest()
    assert (answer.code, answer.out, answer.err) == (0, f"{digest}  {copy}\n", "")
    answer = command("restore", copy)
    assert (answer.code, answer.data) == (1, b"")
    assert "exists and is not overwritten" in answer.err
    own_store_path.unlink()
    answer = command("restore", copy, "--json")
    assert (answer.code, answer.json) == (0, {"path": str(own_store_path)})
    assert "was verified by its checksum" in answer.err
    elsewhere = tmp_path / "elsewhere.duckdb"
    assert command("--db", elsewhere, "restore", copy).out == f"{elsewhere}\n"
    again = command("backup", copy, "--json")
    assert (again.code, again.data) == (1, b"")
    assert command("backup", tmp_path / "second", "--json").json["file"] == str(tmp_path / "second")


@pytest.fixture
def older(own_store_path: Path, valid_rows: dict[str, dict]) -> Path:
    """A store of the first schema version, with a row in every table, that of runs a user's."""
    own = dict.fromkeys(("source_id", "dataset_id"), valid_rows["datasets"]["dataset_id"]) | {"origin": "uploaded"}
    with duckdb.connect(str(own_store_path)) as connection:
        migrate(connection, MIGRATIONS[:1])
        for name, row in (valid_rows | {"runs": valid_rows["runs"] | own}).items():
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    return own_store_path


def test_before_a_migration_the_store_is_backed_up_beside_itself_and_can_be_restored(older: Path) -> None:
    before = older.read_bytes()
    with Store.open(older) as store:
        assert store.status()["schema_version"] == len(MIGRATIONS)
    (backup,) = automatic_backups(older)
    assert re.fullmatch(r"atlas\.duckdb\.v1-\d{8}T\d{12}\.backup", backup.name)
    with duckdb.connect(str(backup), read_only=True) as connection:
        assert connection.execute("SELECT max(version) FROM schema_version").fetchall() == [(1,)]
        assert connection.execute("SELECT loss FROM runs").fetchall() == [(3.2,)]
    older.unlink()
    assert "was verified by its checksum" in restore_file(backup, older)
    assert len(older.read_bytes()) == len(before)
    with Store.open(older) as store:
        assert list(store.table("runs", origin="uploaded")["loss"]) == [3.2]


def test_a_store_of_this_version_is_not_backed_up_when_it_is_opened(shipped_store: Store) -> None:
    assert automatic_backups(Path(str(shipped_store.path))) == []


def test_the_newest_backups_before_migrations_stay_and_nothing_else_is_touched(older: Path) -> None:
    content = older.read_bytes()
    (older.parent / "atlas.duckdb.v1-mine.backup").write_text("mine")
    for _ in range(KEPT + 2):
        older.write_bytes(content)
        Store.open(older).close()
    kept = automatic_backups(older)
    assert len(kept) == KEPT
    names = {path.name for path in older.parent.iterdir()}
    expected = {older.name, "atlas.duckdb.v1-mine.backup"}
    assert names == expected | {path.name for path in kept} | {f"{path.name}.sha256" for path in kept}


def test_a_migration_that_fails_leaves_the_store_and_its_backup(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("DELETE FROM runs")
        raise RuntimeError("a mistake in a migration")

    monkeypatch.setattr("results_db.upgrading.migrate", fails)
    with pytest.raises(RuntimeError, match="a mistake in a migration"):
        Store.open(older)
    (backup,) = automatic_backups(older)
    assert {path.name for path in older.parent.iterdir()} == {older.name, backup.name, f"{backup.name}.sha256"}
    monkeypatch.undo()
    with Store.open(older) as store:
        assert list(store.table("runs", origin="uploaded")["loss"]) == [3.2]


def test_a_link_to_a_store_stays_a_link_when_the_store_is_migrated(older: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.duckdb"
    link.symlink_to(older)
    older.chmod(0o640)
    with Store.open(link) as store:
        assert store.status()["schema_version"] == len(MIGRATIONS)
    assert link.is_symlink()
    assert older.stat().st_mode & 0o777 == 0o640
    with Store.open(older) as store:
        assert store.status()["schema_version"] == len(MIGRATIONS)


def test_drafts_of_killed_migrations_are_removed_after_an_hour(older: Path) -> None:
    old, young = (older.with_name(f".{older.name}.{number}-0123abcd.new") for number in (1, 2))
    for draft in (old, young):
        draft.write_text("half a store")
    os.utime(old, (0, 0))
    Store.open(older).close()
    assert (old.exists(), young.exists()) == (False, True)
