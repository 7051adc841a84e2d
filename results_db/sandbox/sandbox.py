"""A store that anybody may ask anything: every query runs on a copy, in a process that can do nothing else."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from results_db.migrations import utc_now
from results_db.sandbox.process import SECONDS, Answer, ask

MOST_ROWS = 10_000
AT_ONCE = 2  # queries that run at the same time; others wait their turn


class Sandbox:
    """Asks queries of one store. Safe to share between threads.

    `write_copy` writes the store's tables to a new file; `state` is equal as long as they have not changed.
    """

    def __init__(self, write_copy: Callable[[Path], None], state: Callable[[], object]) -> None:
        self._write_copy, self._state = write_copy, state
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._folder: tempfile.TemporaryDirectory | None = None
        self._copy: Path | None = None
        self._copied: object = None
        self._readers: Counter[Path] = Counter()
        self._as_of = utc_now()

    def close(self) -> None:
        """Deletes the copy."""
        with self._lock:
            if self._folder is not None:
                self._folder.cleanup()
            self._folder = self._copy = None

    def ask(self, sql: str, rows: int = MOST_ROWS, seconds: int = SECONDS) -> Answer:
        """The answer to one SELECT, at most `rows` rows of it, or the problem why there is none."""
        if not self._turns.acquire(timeout=2 * seconds):
            return Answer(problem="other queries are running; ask again in a moment")
        try:
            with self._fresh_copy() as (copy, as_of):
                return replace(ask(copy, sql, min(rows, MOST_ROWS), seconds), as_of=as_of)
        finally:
            self._turns.release()

    @contextmanager
    def _fresh_copy(self) -> Generator[tuple[Path, datetime]]:
        """A copy of the store as it is now and when it was made: the last one where nothing has changed since."""
        with self._lock:
            state = self._state()
            if self._copy is None or state != self._copied:
                self._copy, self._copied, self._as_of = self._new_copy(), state, utc_now()
            copy, as_of = self._copy, self._as_of
            self._readers[copy] += 1
        try:
            yield copy, as_of
        finally:
            with self._lock:
                self._readers[copy] -= 1
                self._delete_old()

    def _new_copy(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="precision-atlas-", ignore_cleanup_errors=True)
        path = Path(tempfile.mkdtemp(dir=self._folder.name)) / "atlas.duckdb"
        self._write_copy(path)
        self._readers[path] = 0
        return path

    def _delete_old(self) -> None:
        for path in [path for path, readers in self._readers.items() if not readers and path != self._copy]:
            del self._readers[path]
            with suppress(OSError):
                path.unlink()
                path.parent.rmdir()
