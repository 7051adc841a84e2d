"""Cursors on an open engine: for reading what is there at one moment, for writing all of something or nothing."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from results_db.engine import Engine
from results_db.opening import WRITE_LOCK, transaction


class Access:
    """The one way to an engine's tables. Safe to share between threads; every cursor is of the thread that asks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._changes = time.monotonic_ns()  # another start each time the store is opened: others may write meanwhile

    @contextmanager
    def connected(self) -> Generator[duckdb.DuckDBPyConnection]:
        """A cursor whose user begins and ends its own transactions."""
        with self.engine.explained():
            cursor = self.engine.cursor()
            try:
                yield cursor
            finally:
                cursor.close()

    @contextmanager
    def reading(self) -> Generator[duckdb.DuckDBPyConnection]:
        """A cursor for reading: all its queries see the store as it is at this moment, whatever others write."""
        with self.connected() as cursor, transaction(cursor):
            yield cursor

    @contextmanager
    def writing(self) -> Generator[duckdb.DuckDBPyConnection]:
        """A cursor for writing: everything done with it is kept, or nothing."""
        with WRITE_LOCK, self.connected() as cursor, transaction(cursor, self.engine.begin):
            yield cursor
        self._changes += 1

    @property
    def state(self) -> tuple[int, int]:
        """Equal as long as no row has changed; where other programs may write, for a minute at most."""
        return self._changes, 0 if isinstance(self.engine.place, Path) else int(time.monotonic() // 60)
