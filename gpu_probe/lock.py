"""One probe at a time on a machine: two at once would time each other."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

LOCK_NAME = "precision-atlas-probe.lock"


class Busy(RuntimeError):
    """Another probe runs on this machine, or none can be kept out."""


def lock_path() -> Path:
    """The file whose lock stands for this machine's devices."""
    return Path(tempfile.gettempdir()) / LOCK_NAME


@contextmanager
def one_at_a_time(path: Path | None = None) -> Generator[None]:
    """Holds the machine's probe lock; raises Busy with a sentence when somebody else does.

    The lock belongs to the open file and so ends with its holder, however that dies. Another user's file
    cannot be created or written, but it can be opened for reading, which is all a lock needs.
    """
    path = path or lock_path()
    try:
        handle = _open(path)
    except OSError as problem:
        raise Busy(f"the lock that keeps two probes apart cannot be opened: {problem}; remove {path}") from None
    try:
        _take(handle)
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy("a probe is running on this machine; wait for it to end or cancel it there") from None


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
