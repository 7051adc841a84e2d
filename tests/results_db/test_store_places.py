"""Whatever lies where the store should be: a sentence, never a traceback, and not one byte changed."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from results_db import Store, StoreError, default_path

ADVICE = re.compile(
    r"\b(set PRECISION_ATLAS_DB|move it away|restore|remove the link|put the store back)", re.IGNORECASE
)


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder and the bytes of its files."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def text(path: Path, good: bytes) -> None:
    path.write_text("n_params,n_tokens,loss\n1e9,2e10,2.9\n")


def noise(path: Path, good: bytes) -> None:
    path.write_bytes(bytes(range(256)) * 64)


def another_database(path: Path, good: bytes) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE runs (x)")
    connection.close()


def cut(share: float) -> Callable[[Path, bytes], None]:
    def build(path: Path, good: bytes) -> None:
        path.write_bytes(good[: int(len(good) * share)])

    build.__name__ = f"cut_to_{share:.0%}"
    return build


def damaged_header(path: Path, good: bytes) -> None:
    path.write_bytes(good[:5] + b"\xff" + good[6:4096] + b"\xff" * 8 + good[4104:])


def empty(path: Path, good: bytes) -> None:
    path.touch()


def folder(path: Path, good: bytes) -> None:
    path.mkdir()


def dangling_link(path: Path, good: bytes) -> None:
    path.symlink_to(path.with_name("gone.duckdb"))


def link_to_itself(path: Path, good: bytes) -> None:
    path.symlink_to(path)


def lone_log(path: Path, good: bytes) -> None:
    path.with_name(path.name + ".wal").write_bytes(b"changes")


def pipe(path: Path, good: bytes) -> None:
    os.mkfifo(path)


BAD = [
    text, noise, another_database, cut(0.0001), cut(0.02), cut(0.5), cut(0.99), damaged_header,
    empty, folder, dangling_link, link_to_itself, lone_log, pipe,
]  # fmt: skip


@pytest.mark.parametrize("build", BAD, ids=lambda build: build.__name__)
def test_what_is_no_store_is_said_and_left_as_it_is(
    build: Callable[[Path, bytes], None], shipped_file: Path, own_store_path: Path, command: Callable
) -> None:
    build(own_store_path, shipped_file.read_bytes())
    before = contents(own_store_path.parent)
    with pytest.raises(StoreError) as refused:
        Store.open(own_store_path)
    assert str(own_store_path) in str(refused.value)
    assert ADVICE.search(str(refused.value)), refused.value
    assert "\n" not in str(refused.value)
    with pytest.raises(StoreError):
        Store.create(own_store_path)
    answer = command("status", "--json")
    assert (answer.code, answer.data) == (1, b"")
    assert answer.err == f"{refused.value}\n"
    assert contents(own_store_path.parent) == before


def test_a_store_in_place_is_never_made_anew(shipped_store: Store, shipped_file: Path) -> None:
    with pytest.raises(StoreError, match="exists already; move it away first, or open it as it is"):
        Store.create(shipped_store.path)
    assert len(shipped_store.table("runs")) > 400


def read_all(path: Path) -> str:
    """What is wrong with the store at `path`; "" when every value can be read."""
    try:
        with Store.open(path) as store:
            return "; ".join(store.check())
    except StoreError as refused:
        return str(refused)


@pytest.mark.parametrize("block", range(16))
def test_damage_inside_the_file_is_found_by_a_check_or_lies_where_nothing_is_read(
    block: int, shipped_file: Path, own_store_path: Path
) -> None:
    good = bytearray(shipped_file.read_bytes())
    good[12288 + block * 262144 + 100_000] ^= 0x5A  # the middle of a DuckDB block, after three headers
    own_store_path.write_bytes(good)
    said = read_all(own_store_path)
    assert not said or ("Corrupt database file" in said and "Restore it from a backup" in said), said
    assert own_store_path.read_bytes() == good


def test_a_missing_folder_is_said_and_not_made(own_store_path: Path) -> None:
    path = own_store_path.parent / "typo" / "atlas.duckdb"
    with pytest.raises(StoreError, match=r"the folder .*typo for the store atlas.duckdb does not exist; create it, or"):
        Store.open(path)
    assert not path.parent.exists()


@pytest.mark.parametrize("name", ["a" * 300 + ".duckdb", "atlas.duckdb/inside/x.duckdb", "~nosuchuser/x.duckdb"])
def test_a_path_that_cannot_be_is_said(name: str, shipped_store: Store, command: Callable) -> None:
    path = name if name.startswith("~") else str(shipped_store.path.parent / name)
    with pytest.raises(StoreError, match=r"does not exist|cannot look at|cannot be resolved"):
        Store.open(path)
    assert command("status", "--db", path).code == 2  # an option of the program, not of the verb
    assert command("--db", path, "status").code == 1


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anyone may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="atlas-"))
    path.chmod(0o755)
    yield path
    path.chmod(0o755)
    shutil.rmtree(path)


def test_a_read_only_folder_is_said(open_folder: Path, unprivileged: Callable) -> None:
    open_folder.chmod(0o555)
    path = open_folder / "atlas.duckdb"
    with unprivileged(), pytest.raises(StoreError) as refused:
        Store.open(path)
    assert f"cannot create the store {path} (Permission denied); make its folder writable" in str(refused.value)
    assert list(open_folder.iterdir()) == []


def test_a_read_only_store_is_said(open_folder: Path, shipped_file: Path, unprivileged: Callable) -> None:
    path = open_folder / "atlas.duckdb"
    shutil.copyfile(shipped_file, path)
    path.chmod(0o444)
    open_folder.chmod(0o555)
    with unprivileged(), pytest.raises(StoreError) as refused:
        Store.open(path)
    assert f"the store {path} cannot be written (permission denied or read-only disk)" in str(refused.value)
    assert path.read_bytes() == shipped_file.read_bytes()


def test_a_folder_that_may_not_be_entered_is_said(open_folder: Path, unprivileged: Callable) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o000)
    with unprivileged(), pytest.raises(StoreError, match=r"cannot look at .* \(Permission denied\)"):
        Store.open(closed / "atlas.duckdb")
    closed.chmod(0o755)


def test_a_file_that_vanishes_while_open_is_said_and_not_made_anew(shipped_store: Store) -> None:
    preview = shipped_store.preview("mine.csv", b"n_params,n_tokens,loss\n1e9,2e10,2.9\n")
    away = shipped_store.path.with_name("away.duckdb")
    shipped_store.path.rename(away)
    for call in (shipped_store.status, shipped_store.require_there, lambda: shipped_store.table("runs")):
        with pytest.raises(StoreError, match=r"is gone: it was moved or deleted .* Put it back and go on"):
            call()
    with pytest.raises(StoreError, match="is gone"):
        shipped_store.commit(preview)
    with pytest.raises(StoreError, match="nothing was created in its place"):
        Store.open(shipped_store.path)
    assert not shipped_store.path.exists()
    away.rename(shipped_store.path)
    assert shipped_store.datasets().empty


def test_a_file_that_was_replaced_while_open_is_said(shipped_store: Store, empty_file: Path) -> None:
    new = shipped_store.path.with_name("new.duckdb")
    shutil.copyfile(empty_file, new)
    new.replace(shipped_store.path)
    with pytest.raises(StoreError, match=r"was replaced by another file .*; restart the program"):
        shipped_store.table("runs")
    assert shipped_store.path.read_bytes() == empty_file.read_bytes()


def test_a_closed_store_is_said(shipped_store: Store) -> None:
    shipped_store.close()
    with pytest.raises(StoreError, match="was closed; reload the page"):
        shipped_store.table("runs")


def test_the_variable_names_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable) -> None:
    path = tmp_path / "mine.duckdb"
    monkeypatch.setenv("PRECISION_ATLAS_DB", str(path))
    assert default_path() == path
    assert command("status", "--json").json["path"] == str(path)
    assert path.exists()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRECISION_ATLAS_DB", "mine.duckdb")
    assert default_path() == path


def test_without_the_variable_the_store_lies_in_the_users_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable
) -> None:
    monkeypatch.setattr("results_db.location.user_data_dir", lambda name, appauthor: str(tmp_path / "data" / name))
    for nothing in ("", "  "):
        monkeypatch.setenv("PRECISION_ATLAS_DB", nothing)
        assert default_path() == tmp_path / "data" / "precision-atlas" / "atlas.duckdb"
    monkeypatch.delenv("PRECISION_ATLAS_DB")
    assert command("status").code == 0  # the folder is made on first use
    assert default_path().exists()


def test_a_creation_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(connection: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("results_db.creating.load_shipped", stops)
    with pytest.raises(KeyboardInterrupt):
        Store.create(tmp_path / "new.duckdb")
    assert list(tmp_path.iterdir()) == []
