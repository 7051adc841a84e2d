"""A probe that runs beside its caller: a page asks how far it is, and may cancel it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from gpu_probe.events import Case
from gpu_probe.lock import Busy, one_at_a_time
from gpu_probe.result import ProbeResult
from gpu_probe.runner import Settings, run_cases

WAITING, DONE = "waiting", "done"
OnResult = Callable[[ProbeResult], None]


@dataclass
class Job:
    """A run in progress: `phases` per case (waiting, checking, timing, done) and the results so far.

    The thread behind it only waits for the child process. `problem` says why there may be fewer results than
    cases: another probe was running, or results could not be handed on.
    """

    cases: tuple[Case, ...]
    settings: Settings
    phases: list[str] = field(default_factory=list)
    results: list[ProbeResult] = field(default_factory=list)
    problem: str = ""
    _cancel: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """True until every case has its result, the run was refused, or handing on failed."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def cancelled(self) -> bool:
        """True once somebody asked it to end."""
        return self._cancel.is_set()

    def cancel(self) -> None:
        """Asks the run to end; within a second no process of it is left."""
        self._cancel.set()

    def wait(self, timeout_s: float | None = None) -> None:
        """Blocks until the run has ended, for scripts and tests."""
        if self._thread:
            self._thread.join(timeout_s)


def start_job(cases: Sequence[Case], settings: Settings, on_result: OnResult = lambda result: None) -> Job:
    """A job that has begun; `on_result` gets each result as it comes, cancelled ones too, in the job's own thread."""
    job = Job(tuple(cases), settings, [WAITING] * len(cases))
    job._thread = threading.Thread(target=_run, args=(job, on_result), daemon=True, name="probe-job")
    job._thread.start()
    return job


def _run(job: Job, on_result: OnResult) -> None:
    def on_phase(index: int, phase: str) -> None:
        job.phases[index] = phase

    try:
        with one_at_a_time(), closing(run_cases(job.cases, job.settings, on_phase, job._cancel)) as results:
            for result in results:
                job.phases[len(job.results)] = DONE
                job.results.append(result)
                on_result(result)
    except Busy as busy:
        job.problem = str(busy)
    except Exception as problem:  # a thread has no caller to raise to; the page shows the sentence
        job.problem = f"{type(problem).__name__}: {problem}"
