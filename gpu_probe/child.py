"""A worker process seen from the parent: events with a time limit, noise set aside, no survivor."""

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
GRACE_S = 5.0  # for a process that has closed its output, or was killed, to be gone
LONGEST_LINE = 1_000_000
TAIL_BYTES = 2000
SIGNALS = {known.value: known.name for known in signal.Signals}
HINTS = {signal.SIGKILL.value: "; the system kills a process that takes too much memory"}


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
        self._events: queue.Queue[tuple[float, dict | None]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        if order is not None:
            self._tell(order)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_) -> None:
        self.kill()
        self._stderr.close()

    def next_event(self, deadline: float, cancelled: Callable[[], bool] = lambda: False) -> dict | None:
        """The next event, None when the worker has ended; TimeoutError when none came before the deadline
        (monotonic seconds) and InterruptedError when cancelled.

        What counts is when the event came: a caller that was busy elsewhere meanwhile does not make it late.
        """
        while not cancelled():
            with contextlib.suppress(queue.Empty):
                came, event = self._events.get(timeout=max(0.0, min(POLL_S, deadline - time.monotonic())))
                if event is not None and came >= deadline:
                    raise TimeoutError
                return event
            if time.monotonic() >= deadline:
                raise TimeoutError
        raise InterruptedError

    def exit_code(self) -> int | None:
        """How a worker that has closed its output ended; None when it hangs instead of ending."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(GRACE_S)
        return None

    def death(self) -> str:
        """How the worker ended, with the end of what it wrote to stderr, as a sentence."""
        code = self.exit_code()
        if code is None:
            how = f"closed its output and did not end in {GRACE_S:g} s"
        elif code < 0:
            how = f"died of signal {-code} ({SIGNALS.get(-code, 'no name')}){HINTS.get(-code, '')}"
        else:
            how = f"ended early with exit code {code}"
        tail = self._tail()
        return f"the worker {how}; its last words: {tail}" if tail else f"the worker {how}"

    def kill(self) -> None:
        """Ends the worker and everything it started, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):  # a driver may hold a process that was killed
            self.process.wait(GRACE_S)
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
                if event := parse_event(line.decode(errors="replace")):
                    self._events.put((time.monotonic(), event))
        self._events.put((time.monotonic(), None))

    def _tail(self) -> str:
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - TAIL_BYTES))
        lines = self._stderr.read().decode(errors="replace").split("\n")
        kept = [line.strip() for line in lines if line.strip() and not line.startswith(" ")]
        return " / ".join(kept[-3:])[-500:]
