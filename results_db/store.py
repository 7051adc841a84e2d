"""The results store: one DuckDB file, one connection per process, a cursor per call."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from results_db import exporting, reading, writing
from results_db.backup import copy_file
from results_db.creating import create_file
from results_db.errors import StoreError
from results_db.importers.preview import Preview, dataset_name
from results_db.importers.reader import read
from results_db.location import absolute, default_path, require_usable
from results_db.migrations import MIGRATIONS, migrate, require_known, version_of
from results_db.opening import WRITE_LOCK, connect, explained

# Paths this process has opened: one that vanishes is said, not quietly made anew. Guarded by WRITE_LOCK.
_OPENED: set[Path] = set()


class Store:
    """An open store. Safe to share between threads; every call checks that the file is still there."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.path = path
        self._connection = connection
        self._identity = _identity(path)

    @classmethod
    def open(cls, path: Path | str | None = None) -> Store:
        """The store at `path` (default_path() when None), made from the shipped data on first use."""
        path = default_path() if path is None else absolute(path)
        with WRITE_LOCK:
            require_usable(path)
            if not path.exists():
                if path in _OPENED:
                    raise StoreError(_gone(path))
                try:
                    create_file(path, shipped=True)
                except FileExistsError:  # another process made it meanwhile: that one is as good
                    require_usable(path)
            return cls._opened(path)

    @classmethod
    def create(cls, path: Path | str, shipped: bool = True) -> Store:
        """A new store at `path`, empty unless `shipped`; StoreError when something is there already."""
        path = absolute(path)
        with WRITE_LOCK:
            require_usable(path)
            try:
                if path.exists():
                    raise FileExistsError
                create_file(path, shipped)
            except FileExistsError:
                raise StoreError(f"{path} exists already; move it away first, or open it as it is") from None
            return cls._opened(path)

    @classmethod
    def _opened(cls, path: Path) -> Store:
        connection = connect(path)
        try:
            with explained(path):
                version = version_of(connection)
                require_known(version, path)
                if version != len(MIGRATIONS):
                    migrate(connection)
            _OPENED.add(path)
            return cls(path, connection)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Closes the file; a later call raises StoreError."""
        with WRITE_LOCK:
            self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def require_file(self) -> None:
        """Raises StoreError when the file was moved, deleted or replaced since it was opened."""
        try:
            identity = _identity(self.path)
        except FileNotFoundError:
            raise StoreError(_gone(self.path)) from None
        if identity != self._identity:
            raise StoreError(
                f"the store {self.path} was replaced by another file while this program had it open; "
                "restart the program to use the new one"
            )

    @contextmanager
    def _cursor(self) -> Generator[duckdb.DuckDBPyConnection]:
        self.require_file()
        with explained(self.path):
            cursor = self._connection.cursor()
            try:
                yield cursor
            finally:
                cursor.close()

    @contextmanager
    def _transaction(self) -> Generator[duckdb.DuckDBPyConnection]:
        """A cursor inside one transaction: everything done with it is kept, or nothing."""
        with WRITE_LOCK, self._cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                with suppress(duckdb.Error):  # the first failure is the one to tell
                    cursor.execute("ROLLBACK")
                raise

    def table(self, name: str, /, **equals: Any) -> pd.DataFrame:
        """The rows of a table, in stored order, whose columns equal the given values.

        A list means any of its values, None means missing. ValueError for an unknown table or column.
        """
        with self._cursor() as cursor:
            return reading.rows(cursor, name, equals)

    def coefficient_sets(self, law: str | None = None) -> pd.DataFrame:
        """Published coefficients of a law (of all laws when None), one symbol a row, the default set first."""
        with self._cursor() as cursor:
            return reading.coefficient_sets(cursor, law)

    def coefficients(self, law: str, source: str | None = None, variant: str | None = None) -> dict[str, float]:
        """One published coefficient set, {symbol: value}; the law's default when nothing else is said."""
        with self._cursor() as cursor:
            return reading.coefficients(cursor, law, source, variant)

    def describe(self) -> pd.DataFrame:
        """The data dictionary: table, column, type, comment."""
        with self._cursor() as cursor:
            return reading.describe(cursor)

    def datasets(self) -> pd.DataFrame:
        """The user's imports, the newest first."""
        return self.table("datasets").sort_values("imported_at", ascending=False, ignore_index=True)

    def status(self) -> dict[str, Any]:
        """Path, schema version, size in bytes and rows per table."""
        with self._cursor() as cursor:
            return {
                "path": str(self.path),
                "schema_version": version_of(cursor),
                "size_bytes": self.path.stat().st_size,
                "duckdb": duckdb.__version__,
                "rows": reading.row_counts(cursor),
            }

    def add_probe_results(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """How many of these rows of a probe on this machine were new; all are added, or ValueError says why none."""
        frame = writing.measured_frame(rows)
        with self._transaction() as cursor:
            return writing.add_probe_rows(cursor, frame, "measured", None)

    def preview(self, filename: str, data: bytes | Path, mapping: dict[str, str] | None = None) -> Preview:
        """What a file would add to the store; nothing is stored.

        `mapping` says which uploaded column is which of ours, "" to ignore one; ValueError for unknown names.
        """
        found = read(filename, data, mapping)
        with self._cursor() as cursor:
            return writing.with_what_is_known(cursor, found)

    def commit(self, preview: Preview, name: str | None = None, skip_bad_rows: bool = False) -> str:
        """The dataset_id of a preview's rows, all stored now or there already; ValueError says why not."""
        if preview.blocking:
            raise ValueError(f"nothing was imported: {preview.blocking}")
        if len(preview.problems) and not skip_bad_rows:
            raise ValueError(
                f"nothing was imported: {preview.sentences()[0]}; correct the file, or import the "
                f"{len(preview.rows)} good rows by themselves"
            )
        with self._transaction() as cursor:
            return writing.add_dataset(cursor, preview, dataset_name(name or preview.default_name))

    def export(self, table: str, fmt: str = "csv", source: str | None = None) -> bytes:
        """A table as CSV or Parquet, of one source only where `source` is given."""
        with self._cursor() as cursor:
            return exporting.export(cursor, table, fmt, source)

    def undo(self, dataset_id: str) -> int:
        """How many rows were removed with a dataset; the store is as it was before that import."""
        with self._transaction() as cursor:
            return writing.remove_dataset(cursor, dataset_id)

    def backup(self, target: Path | str) -> str:
        """The SHA-256 of the copy of the store that was written to `target`, which must be free."""
        with WRITE_LOCK, self._cursor() as cursor:
            cursor.execute("CHECKPOINT")
            return copy_file(self.path, absolute(target))

    def check(self) -> list[str]:
        """What is wrong with the content, one sentence each; empty when all is well. Reads every value."""
        with self._cursor() as cursor:
            return reading.problems(cursor)


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _gone(path: Path) -> str:
    return (
        f"the store {path} is gone: it was moved or deleted while this program had it open. Put it back and go on, "
        "or restart the program to begin with a new one; nothing was created in its place"
    )
