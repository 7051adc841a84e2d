"""Opening the DuckDB file, and saying in words what DuckDB says in codes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from results_db.errors import StoreError

# One writer at a time in this process: DuckDB aborts one of two transactions that touch the same row.
WRITE_LOCK = threading.RLock()
_HEADERS = 3 * 4096  # bytes of a DuckDB file before its first block


def connect(path: Path, stands_for: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An open read-write connection to the file at `path`; StoreError says why there is none.

    `stands_for` is the file that the error names when `path` is a draft or a copy of it.
    """
    with explained(stands_for or path):
        connection = quiet(duckdb.connect(str(path)))
        # A row that is deleted has its key read back, for which FSST unpacks a whole segment: 50 s for a million runs.
        connection.execute("SET GLOBAL disabled_compression_methods = 'fsst'")
        return connection


def quiet(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The connection, which draws no progress bar on stdout among the data."""
    connection.execute("SET enable_progress_bar = false")
    return connection


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Turns what DuckDB raises about the file at `path` into a StoreError with advice."""
    try:
        yield
    except (duckdb.ConstraintException, duckdb.ConversionException):
        raise
    except duckdb.Error as problem:
        raise StoreError(_sentence(path, str(problem))) from problem
    except OSError as problem:
        raise StoreError(f"cannot use the store {path}: {problem.strerror or problem}") from problem


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Begins a transaction."""
    connection.execute("BEGIN")


def require_whole(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raises StoreError when the end of the file is missing, which DuckDB notices only when it reads there.

    DuckDB itself cuts free blocks off the end after it has written how many there were; it cuts whole blocks.
    """
    found = connection.execute("SELECT block_size, total_blocks, free_blocks FROM pragma_database_size()").fetchall()
    size, blocks, free = found[0]
    missing = _HEADERS + size * blocks - path.stat().st_size
    if missing > size * free or (missing > 0 and missing % size):
        raise StoreError(
            f"the store {path} is damaged: its last {missing} bytes are missing; nothing was changed. Restore it from "
            "a backup with `python -m results_db restore FILE`, or move it away to start anew"
        )


@contextmanager
def transaction(
    connection: duckdb.DuckDBPyConnection, begin: Callable[[duckdb.DuckDBPyConnection], None] = begin
) -> Generator[None]:
    """A block whose changes are all kept, or none of them; it sees nothing of what others write meanwhile."""
    try:
        begin(connection)
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):  # the first failure is the one to tell
            connection.execute("ROLLBACK")
        raise


def _sentence(path: Path, message: str) -> str:
    for pattern, words in _SENTENCES:
        found = re.search(pattern, message, re.IGNORECASE | re.DOTALL)
        if found:
            return words.format(path=path, **found.groupdict())
    first_line = message.splitlines()[0] if message else "no message"
    return (
        f"the store {path} cannot be read ({first_line}); nothing was changed. Restore it from a backup with "
        "`python -m results_db restore FILE`, or move it away to start anew"
    )


_SENTENCES = (
    (
        r"lock is held in (?P<program>\S+) \(PID (?P<pid>\d+)\)",
        "the store {path} is in use by another process (PID {pid}, {program}); stop that process or use its "
        "pages, or set PRECISION_ATLAS_DB to another store",
    ),
    (
        r"could not set lock",
        "the store {path} is in use by another process; stop it, or set PRECISION_ATLAS_DB to another store",
    ),
    (
        r"not a valid DuckDB database file",
        "{path} is not a store: it is not a DuckDB file, or it is damaged; it was left as it is. Restore a backup "
        "with `python -m results_db restore FILE` after moving it away, or set PRECISION_ATLAS_DB to another path",
    ),
    (
        r"database file with version number (?P<version>\d+)",
        "the store {path} was written by a newer DuckDB (storage version {version}); update the program, or set "
        "PRECISION_ATLAS_DB to another path",
    ),
    (
        r"permission denied|read-only",
        "the store {path} cannot be written (permission denied or read-only disk); make the file and its folder "
        "writable, or set PRECISION_ATLAS_DB to another path",
    ),
    (
        r"no space left|file too large|disk quota|could not write",
        "there is no room to write to the store {path}; free some space on its disk and try again. Nothing was "
        "changed, and what was imported before is all there",
    ),
    (
        r"database has been invalidated",
        "the store {path} stopped after an error that it could not undo, such as a full disk; mend that and restart "
        "the program. What was imported before is all there",
    ),
    (r"connection (already|has been) closed", "the store {path} was closed; reload the page"),
)
