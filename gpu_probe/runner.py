"""The parent: runs cases in a child with a time limit each, and turns every way a child can end into a result.

Never imports torch. One worker serves many cases; it is replaced after a crash, a time-out or a device error.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

from gpu_probe.child import Child
from gpu_probe.device import DeviceInfo
from gpu_probe.events import MARK, POISONED, Case, Order
from gpu_probe.kernels import KERNELS, Kernel
from gpu_probe.result import ProbeResult, Status, about
from gpu_probe.shapes import Shape

DEFAULT_TIMEOUT_S = 60.0
STARTUP_S = 120.0  # importing torch from a cold network disk
DEFAULT_BUDGET_S = 0.8
SECONDS_BEFORE_TIMING = 0.6  # making operands and checking, seen on a two-core CPU
SECONDS_TO_START = 3.0
SECONDS_OF_A_GPU = 5.0  # two without a pause, three rests before a burst, zeros (gpu_probe.measuring)

OnPhase = Callable[[int, str], None]


@dataclass(frozen=True)
class Settings:
    """How to run: `timeout_s` is the hard limit of a case, `budget_s` what it may spend on timing.

    `threads` are those of a CPU, 0 for as many as torch takes.
    """

    device: str = "cpu"
    timeout_s: float = DEFAULT_TIMEOUT_S
    budget_s: float = DEFAULT_BUDGET_S
    startup_s: float = STARTUP_S
    seed: int | None = None
    kernel_modules: tuple[str, ...] = ()
    threads: int = 0


def find_devices(timeout_s: float = STARTUP_S) -> list[DeviceInfo]:
    """Every device of this machine, found by a child process; RuntimeError says why none could be listed."""
    with Child(["--describe"]) as child:
        try:
            event = child.next_event(time.monotonic() + timeout_s)
        except TimeoutError:
            raise RuntimeError(f"listing the devices took more than {timeout_s:g} s; is a driver hanging?") from None
        if event is None or event[MARK] != "devices":
            raise RuntimeError(f"listing the devices failed: {child.death()}")
        return [DeviceInfo.from_dict(row) for row in event["devices"]]


def plan(kernels: Sequence[Kernel], shapes: tuple[Shape, ...], kind: str) -> list[Case]:
    """The cases of a run, shape by shape so that a format stands close in time to its baseline."""
    wanted = [(kernel, shape) for kernel in kernels for shape in kernel.shapes(shapes, kind)]
    order = {shape: place for place, shape in enumerate(dict.fromkeys(shape for _, shape in wanted))}
    return [Case(kernel.name, shape) for kernel, shape in sorted(wanted, key=lambda pair: order[pair[1]])]


def estimate_s(cases: Sequence[Case], device: DeviceInfo, settings: Settings) -> float:
    """Seconds a run should take: cases that this device refuses cost nothing."""
    able = [case for case in cases if not KERNELS[case.kernel].why_not(device)]
    more = SECONDS_OF_A_GPU if device.kind in ("cuda", "rocm") else 0.0
    return SECONDS_TO_START + len(able) * (settings.budget_s + SECONDS_BEFORE_TIMING + more)


def run_cases(
    cases: Sequence[Case],
    settings: Settings,
    on_phase: OnPhase = lambda index, phase: None,
    cancel: Event | None = None,
) -> Generator[ProbeResult]:
    """Yields one result per case, in order; `on_phase(index, 'checking' | 'timing')` tells the progress.

    Setting `cancel` ends the child within a second; the cases left come out as CANCELLED. Closing the
    generator early also leaves no process behind.
    """
    state = _State(list(cases), settings, on_phase, cancel or Event())
    while state.done < len(state.cases):
        yield from _one_worker(state)


@dataclass
class _State:
    cases: list[Case]
    settings: Settings
    on_phase: OnPhase
    cancel: Event
    done: int = 0
    device: dict[str, Any] = field(default_factory=dict)
    seed: int = field(default_factory=lambda: secrets.randbelow(2**31))
    run_id: str = field(default_factory=lambda: secrets.token_hex(6))
    started: bool = False
    at_work: int = -1
    limit_s: float = 0.0
    deadline: float = 0.0

    def order(self) -> str:
        left = tuple(self.cases[self.done :])
        told = self.settings
        seed = self.seed if told.seed is None else told.seed
        return Order(told.device, left, told.budget_s, seed, told.kernel_modules, told.threads).to_json()

    def allow(self, seconds: float) -> None:
        """The worker has that long from now."""
        self.limit_s, self.deadline = seconds, time.monotonic() + seconds

    def ended(self, status: Status, detail: str) -> ProbeResult:
        """The result of the case at hand when its worker cannot give one."""
        case = self.cases[self.done]
        self.done += 1
        known = KERNELS.get(case.kernel)
        about = self.device or {"device": self.settings.device, "device_id": self.settings.device}
        facts: dict[str, Any] = {"status": status, "detail": detail, "run_id": self.run_id} | about
        return ProbeResult(case.kernel, known.format if known else "", *case.shape, **facts)

    def all_ended(self, status: Status, detail: str) -> Iterator[ProbeResult]:
        """The results of the case at hand and of all that follow."""
        while self.done < len(self.cases):
            yield self.ended(status, detail)

    def heard(self, event: dict) -> ProbeResult | None:
        """Takes in what the worker says; the result when it is one. ValueError when it makes no sense."""
        try:
            if event[MARK] == "row":
                return self._answer(event["row"])
            if event[MARK] == "start":
                self.device, self.started = about(DeviceInfo.from_dict(event["device"])), True
                return None
            phase = str(event["phase"])
        except (KeyError, TypeError, AttributeError) as problem:
            raise ValueError(f"{type(problem).__name__}: {problem}") from None
        self._at_work(phase)
        return None

    def _answer(self, row: dict) -> ProbeResult:
        result = replace(ProbeResult.from_dict(row), run_id=self.run_id)
        asked = self.cases[self.done]
        if (result.kernel, result.m, result.n, result.k) != (asked.kernel, *asked.shape):
            raise ValueError(f"a row of {result.kernel}, {result.m} x {result.n} x {result.k}, was not asked for")
        self.done += 1
        return result

    def _at_work(self, phase: str) -> None:
        if self.at_work != self.done:  # the clock of a case starts once
            self.at_work = self.done
            self.allow(self.settings.timeout_s)
        self.on_phase(self.done, phase)


def _one_worker(state: _State) -> Iterator[ProbeResult]:
    """Results until this worker ends, for whatever reason; always makes progress by at least one case."""
    first, state.started, state.at_work = state.done, False, -1
    with Child([], state.order()) as child:
        state.allow(state.settings.startup_s)
        while state.done < len(state.cases):
            try:
                event = child.next_event(state.deadline, state.cancel.is_set)
            except InterruptedError:
                yield from state.all_ended(Status.CANCELLED, "cancelled before it was timed")
                return
            except TimeoutError:
                yield from _too_late(state)
                return
            if event is None:
                yield from _after_death(state, child, first)
                return
            if event[MARK] == "refused":
                yield from state.all_ended(Status.FAILED, str(event.get("detail")))
                return
            try:
                result = state.heard(event)
            except ValueError as problem:
                yield state.ended(Status.FAILED, f"the worker said what makes no sense and was ended: {problem}")
                return
            if result is not None:
                yield result


def _too_late(state: _State) -> Iterator[ProbeResult]:
    if state.started:
        yield state.ended(Status.TIMEOUT, f"no result after {state.limit_s:g} s; its process was ended")
        return
    detail = f"the worker did not start within {state.limit_s:g} s; is a driver hanging?"
    yield from state.all_ended(Status.TIMEOUT, detail)


def _after_death(state: _State, child: Child, first: int) -> Iterator[ProbeResult]:
    if child.exit_code() == POISONED and state.done > first:
        return
    if state.started:
        yield state.ended(Status.FAILED, child.death())
    else:
        yield from state.all_ended(Status.FAILED, f"no kernel could start: {child.death()}")
