"""A worker process seen from the parent: lines with a time limit, noise set aside, no survivor."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from gpu_probe.events import parse_event

ROOT = Path(__file__).resolve().parent.parent
POLL_S = 0.1
LONGEST_LINE = 1_000_000
TAIL_BYTES = 2000


class Child:
    """One worker in a session of its own; use as a context manager, on exit the whole process group is dead."""

    def __init__(self, arguments: list[str], order: str | None = None) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gpu_probe.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=os.environ | {"PYTHONPATH": path},
            start_new_session=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        if order is not None:
            self._tell(order)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_) -> None:
        self.kill()
        self._stderr.close()

    def next_event(self, deadline: float, cancelled: Callable[[], bool] = lambda: False) -> dict | None:
        """The next event, None when the worker has ended; TimeoutError at the deadline (monotonic seconds)
        and InterruptedError when cancelled. Lines that are no events are dropped."""
        while True:
            if cancelled():
                raise InterruptedError
            if time.monotonic() >= deadline:
                raise TimeoutError
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=POLL_S)
                if line is None:
                    return None
                if event := parse_event(line):
                    return event

    def death(self) -> str:
        """How the worker ended, with the end of what it wrote to stderr, as a sentence."""
        code = self.process.wait()
        if code < 0:
            how = f"died of signal {-code} ({signal.Signals(-code).name})"
        else:
            how = f"ended early with exit code {code}"
        tail = self._tail()
        return f"the worker {how}; its last words: {tail}" if tail else f"the worker {how}"

    def kill(self) -> None:
        """Ends the worker and everything it started, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()

    def _tell(self, order: str) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # an early death is reported by death()
            self.process.stdin.write(order.encode() + b"\n")
            self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as pipe:
            while line := pipe.readline(LONGEST_LINE):
                self._lines.put(line.decode(errors="replace"))
        self._lines.put(None)

    def _tail(self) -> str:
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - TAIL_BYTES))
        lines = self._stderr.read().decode(errors="replace").split("\n")
        kept = [line.strip() for line in lines if line.strip() and not line.startswith(" ")]
        return " / ".join(kept[-3:])[-500:]
