"""Long computations beside the server: each in a process that can be killed, shared by all sessions that ask for it."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
KEPT = 48  # finished jobs that are remembered with their results
WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"


@dataclass
class Job:
    """A computation: what it is (`title`), how far (`stage` and `share`), and its `result` or `problem`.

    The thread behind it only waits for the process that computes.
    """

    key: str
    title: str
    call: tuple[Callable, tuple, dict[str, Any]]
    state: str = WAITING
    stage: str = ""
    share: float = 0.0
    result: Any = None
    problem: str = ""
    _ended: threading.Event = field(default_factory=threading.Event)
    _worker: Worker | None = None

    @property
    def running(self) -> bool:
        """True until it has a result, a problem or was cancelled."""
        return not self._ended.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Blocks until the job has ended or the time is over; True when it has ended."""
        return self._ended.wait(timeout_s)

    def end(self, state: str, result: Any = None, problem: str = "") -> None:
        """Ends the job once; a second end changes nothing."""
        if self.running:
            self.state, self.result, self.problem = state, result, problem
            self._ended.set()

    def cancel(self) -> None:
        """Ends the job now; the process that computes it is killed."""
        self.end(CANCELLED)
        if self._worker:
            self._worker.kill()


class Worker:
    """A process of pages.ui.job_worker and the pipes to it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pages.ui.job_worker"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()

    def close(self) -> None:
        """Kills the process and takes its exit code from the system."""
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        self.process.wait()

    def run(self, job: Job) -> None:
        """Computes a job, telling it of progress; raises EOFError or OSError when the process is gone."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        pickle.dump(job.call, stdin)
        stdin.flush()
        while True:
            kind, *content = pickle.load(stdout)
            if kind == "progress":
                job.stage, job.share = content
            elif kind == "result":
                return job.end(DONE, result=content[0])
            else:
                return job.end(FAILED, problem=content[0])


class Board:
    """The jobs of this server by key; at most `places` compute at a time, the others wait."""

    def __init__(self, places: int | None = None) -> None:
        self.places = places or max(2, (os.cpu_count() or 2) - 1)
        self._free = threading.BoundedSemaphore(self.places)
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._idle: list[Worker] = []

    def start(self, title: str, function: Callable, *arguments: Any, **options: Any) -> Job:
        """The job of this call: the one that is there, computing or done, or a new one.

        `function` must be importable by its name and is called in another process; if it has a parameter `on_progress`
        it gets one, to be called with the stage and the share that is done.
        """
        key = digest(function, arguments, options)
        with self._lock:
            known = self._jobs.get(key)
            if known and known.state != CANCELLED:
                self._jobs.move_to_end(key)
                return known
            job = Job(key, title, (function, arguments, options))
            self._jobs[key] = job
            for old in [k for k, other in self._jobs.items() if not other.running][: max(0, len(self._jobs) - KEPT)]:
                del self._jobs[old]
        threading.Thread(target=self._compute, args=(job,), daemon=True, name="page-job").start()
        return job

    def find(self, key: str) -> Job | None:
        """The job of that key, while it is remembered."""
        with self._lock:
            return self._jobs.get(key)

    def running(self) -> list[Job]:
        """The jobs that compute or wait for a place."""
        with self._lock:
            return [job for job in self._jobs.values() if job.running]

    def forget(self, job: Job) -> None:
        """Forgets a job that has ended, so that it can be computed again."""
        with self._lock:
            self._jobs.pop(job.key, None)

    def close(self) -> None:
        """Cancels all jobs and ends their processes."""
        with self._lock:
            for job in self._jobs.values():
                job.cancel()
            for worker in self._idle:
                worker.close()
            self._idle.clear()

    def _compute(self, job: Job) -> None:
        with self._free:
            if not job.running:
                return
            job.state = RUNNING
            with self._lock:
                worker = next((self._idle.pop() for _ in range(len(self._idle)) if self._idle[-1].alive), None)
            worker = job._worker = worker or Worker()
            if not job.running:  # cancelled before it knew its process
                worker.close()
                return
            try:
                worker.run(job)
            except Exception as problem:  # the process died, or its reply cannot be read
                worker.close()
                job.end(FAILED, problem=f"the process that computed it ended ({type(problem).__name__}); try again")
                return
            finally:
                job._worker = None
            with self._lock:
                self._idle.append(worker)


def digest(*parts: Any) -> str:
    """A key of a call that is the same for the same values, tables by their content."""
    found = hashlib.sha256()
    for part in parts:
        found.update(_bytes(part))
    return found.hexdigest()


def _bytes(part: Any) -> bytes:
    if isinstance(part, pd.DataFrame):
        return b"frame" + part.to_csv(na_rep="\0").encode()
    if isinstance(part, np.ndarray):
        return b"array" + str((part.shape, part.dtype)).encode() + part.tobytes()
    if isinstance(part, dict):
        return b"{" + b",".join(_bytes(key) + b":" + _bytes(value) for key, value in part.items()) + b"}"
    if isinstance(part, (tuple, list)):
        return b"(" + b",".join(map(_bytes, part)) + b")"
    if callable(part):
        return f"{part.__module__}.{part.__qualname__}".encode()
    return repr(part).encode()
