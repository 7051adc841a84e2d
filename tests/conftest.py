"""Fixtures that every test may use; no test touches the user's own store."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_servers import PostgresServer

from results_db import Store

SLOW = ("e2e", "pages", "test_pages.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of slow tests come first, so that no worker is left with one when the others have nothing more to do."""
    items.sort(key=lambda item: not any(part in SLOW for part in item.path.parts))


@pytest.fixture(autouse=True)
def own_store_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where this test's default store would be made: a folder of its own, never the user's."""
    path = tmp_path / "atlas.duckdb"
    monkeypatch.setenv("PRECISION_ATLAS_DB", str(path))
    yield path
    session = sys.modules.get("pages.ui.session")
    if session is not None:  # a page was drawn: its cached store belongs to this test only
        session._opened_store.clear()


@pytest.fixture(scope="session")
def shipped_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store file with the shipped data, made once; copy it, never open it."""
    path = tmp_path_factory.mktemp("shipped") / "atlas.duckdb"
    Store.create(path).close()
    return path


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store file without any data, made once; copy it, never open it."""
    path = tmp_path_factory.mktemp("empty") / "atlas.duckdb"
    Store.create(path, shipped=False).close()
    return path


@pytest.fixture
def shipped_store(shipped_file: Path, own_store_path: Path) -> Iterator[Store]:
    """An open store with the shipped data, this test's own, at PRECISION_ATLAS_DB."""
    yield from _opened(shipped_file, own_store_path)


@pytest.fixture
def empty_store(empty_file: Path, own_store_path: Path) -> Iterator[Store]:
    """An open store without data, this test's own, at PRECISION_ATLAS_DB."""
    yield from _opened(empty_file, own_store_path)


def _opened(template: Path, path: Path) -> Iterator[Store]:
    shutil.copyfile(template, path)
    with Store.open(path) as store:
        yield store


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL server with two databases to copy: `shipped`, and `empty` which has tables without rows."""
    server = PostgresServer()
    try:
        server.start()
        for name in ("shipped", "empty"):
            server.sql(f"CREATE DATABASE {name}")
            Store.create(server.url(name), shipped=name == "shipped").close()
        yield server
    finally:
        server.remove()
