"""The store as one DuckDB file: one owner process, which checks before every call that the file is still there."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import duckdb

from results_db.backup import copy_file
from results_db.creating import create_file
from results_db.errors import StoreError
from results_db.location import require_usable
from results_db.migrations import MIGRATIONS, require_known, version_of
from results_db.opening import WRITE_LOCK, begin, connect, explained, require_whole, transaction
from results_db.shipped import outdated, replace_shipped
from results_db.upgrading import upgrade_file

# Paths this process has opened: one that vanishes is said, not quietly made anew. Guarded by WRITE_LOCK.
_OPENED: set[Path] = set()


class FileEngine:
    """An open DuckDB file."""

    def __init__(self, path: Path) -> None:
        self.place = path
        self._connection = _up_to_date(path)
        self._identity = _identity(path)
        _OPENED.add(path)

    @classmethod
    def open(cls, path: Path) -> FileEngine:
        """The file at `path`, made from the shipped data on first use."""
        with WRITE_LOCK:
            require_usable(path)
            if not path.exists():
                if path in _OPENED:
                    raise StoreError(_gone(path))
                try:
                    create_file(path, shipped=True)
                except FileExistsError:  # another process made it meanwhile: that one is as good
                    require_usable(path)
            return cls(path)

    @classmethod
    def create(cls, path: Path, shipped: bool) -> FileEngine:
        """A new file at `path`; StoreError when something is there already."""
        with WRITE_LOCK:
            require_usable(path)
            try:
                if path.exists():
                    raise FileExistsError
                create_file(path, shipped)
            except FileExistsError:
                raise StoreError(f"{path} exists already; move it away first, or open it as it is") from None
            return cls(path)

    def close(self) -> None:
        """Closes the file; a later call raises StoreError."""
        self._connection.close()

    def require_there(self) -> None:
        """Raises StoreError when the file was moved, deleted or replaced since it was opened."""
        try:
            identity = _identity(self.place)
        except FileNotFoundError:
            raise StoreError(_gone(self.place)) from None
        if identity != self._identity:
            raise StoreError(
                f"the store {self.place} was replaced by another file while this program had it open; "
                "restart the program to use the new one"
            )

    def explained(self) -> AbstractContextManager[None]:
        """A block in which DuckDB's errors become StoreErrors with advice."""
        return explained(self.place)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor on the tables; its caller closes it."""
        self.require_there()
        return self._connection.cursor()

    def begin(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Begins a transaction that may write; the caller holds WRITE_LOCK."""
        begin(cursor)

    def backup(self, cursor: duckdb.DuckDBPyConnection, target: Path) -> str:
        """The SHA-256 of the copy of the file that was written to `target`; the caller holds WRITE_LOCK."""
        cursor.execute("CHECKPOINT")
        return copy_file(self.place, target)

    def facts(self, cursor: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        """Size in bytes and version of what holds the rows."""
        return {"size_bytes": self.place.stat().st_size, "duckdb": duckdb.__version__}


def _up_to_date(path: Path) -> duckdb.DuckDBPyConnection:
    connection = connect(path)
    try:
        with explained(path):
            require_whole(connection, path)
            version = version_of(connection)
            require_known(version, path)
        if version and version != len(MIGRATIONS):
            upgrade_file(connection, path, version)
            connection = connect(path)
        with explained(path):
            if outdated(connection):
                with transaction(connection):
                    replace_shipped(connection)
        return connection
    except BaseException:
        connection.close()
        raise


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _gone(path: Path) -> str:
    return (
        f"the store {path} is gone: it was moved or deleted while this program had it open. Put it back and go on, "
        "or restart the program to begin with a new one; nothing was created in its place"
    )
