"""The parent: runs cases in a child with a time limit each, and turns every way a child can end into a result.

Never imports torch. One worker serves many cases; it is replaced after a crash, a time-out or a device error.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

from gpu_probe.child import Child
from gpu_probe.device import DeviceInfo
from gpu_probe.events import Case, Order
from gpu_probe.kernels import KERNELS, Kernel
from gpu_probe.result import ProbeResult, Status
from gpu_probe.shapes import Shape

DEFAULT_TIMEOUT_S = 60.0
STARTUP_S = 120.0  # importing torch from a cold network disk
DEFAULT_BUDGET_S = 0.8
SECONDS_BEFORE_TIMING = 0.6  # making operands and checking, seen on a two-core CPU
SECONDS_TO_START = 3.0

OnPhase = Callable[[int, str], None]


@dataclass(frozen=True)
class Settings:
    """How to run: `timeout_s` is the hard limit of a case, `budget_s` what it may spend on timing."""

    device: str = "cpu"
    timeout_s: float = DEFAULT_TIMEOUT_S
    budget_s: float = DEFAULT_BUDGET_S
    startup_s: float = STARTUP_S
    seed: int | None = None
    kernel_modules: tuple[str, ...] = ()
    formats: Mapping[str, str] = field(default_factory=dict)


def find_devices(timeout_s: float = STARTUP_S) -> list[DeviceInfo]:
    """Every device of this machine, found by a child process; RuntimeError says why none could be listed."""
    with Child(["--describe"]) as child:
        try:
            event = child.next_event(time.monotonic() + timeout_s)
        except TimeoutError:
            raise RuntimeError(f"listing the devices took more than {timeout_s:g} s; is a driver hanging?") from None
        if event is None or event["probe_event"] != "devices":
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
    return SECONDS_TO_START + len(able) * (settings.budget_s + SECONDS_BEFORE_TIMING)


def run_cases(
    cases: Sequence[Case],
    settings: Settings,
    on_phase: OnPhase = lambda index, phase: None,
    cancel: Event | None = None,
) -> Iterator[ProbeResult]:
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

    def order(self) -> str:
        left = tuple(self.cases[self.done :])
        told = self.settings
        seed = self.seed if told.seed is None else told.seed
        return Order(told.device, left, told.budget_s, seed, told.kernel_modules).to_json()

    def ended(self, status: Status, detail: str) -> ProbeResult:
        """The result of the case at hand when its worker cannot give one."""
        case = self.cases[self.done]
        self.done += 1
        known = KERNELS.get(case.kernel)
        about = self.device or {"device": self.settings.device, "device_id": self.settings.device}
        wanted = known.format if known else self.settings.formats.get(case.kernel, "")
        facts: dict[str, Any] = {"status": status, "detail": detail, "run_id": self.run_id} | about
        return ProbeResult(case.kernel, wanted, *case.shape, **facts)


def _one_worker(state: _State) -> Iterator[ProbeResult]:
    """Results until this worker ends, for whatever reason; always makes progress by at least one case."""
    first = state.done
    with Child([], state.order()) as child:
        limit = state.settings.startup_s
        deadline = time.monotonic() + limit
        while state.done < len(state.cases):
            try:
                event = child.next_event(deadline, state.cancel.is_set)
            except InterruptedError:
                yield from _all_ended(state, Status.CANCELLED, "cancelled before it was timed")
                return
            except TimeoutError:
                yield state.ended(Status.TIMEOUT, f"no result after {limit:g} s; its process was ended")
                return
            if event is None:
                yield from _after_death(state, child, started=bool(state.device), first=first)
                return
            if event["probe_event"] == "refused":
                yield from _all_ended(state, Status.FAILED, event["detail"])
                return
            if event["probe_event"] == "start":
                state.device = _about(event["device"])
            elif event["probe_event"] == "case":
                limit = state.settings.timeout_s
                if event["phase"] == "checking":
                    deadline = time.monotonic() + limit
                state.on_phase(first + event["index"], event["phase"])
            elif event["probe_event"] == "row":
                state.done += 1
                yield replace(ProbeResult.from_dict(event["row"]), run_id=state.run_id)


def _after_death(state: _State, child: Child, started: bool, first: int) -> Iterator[ProbeResult]:
    if child.process.wait() == 75 and state.done > first:
        return  # it gave its row and left because its device context was poisoned
    if started:
        yield state.ended(Status.FAILED, child.death())
    else:
        yield from _all_ended(state, Status.FAILED, f"no kernel could start: {child.death()}")


def _all_ended(state: _State, status: Status, detail: str) -> Iterator[ProbeResult]:
    while state.done < len(state.cases):
        yield state.ended(status, detail)


def _about(device: dict) -> dict:
    found = DeviceInfo.from_dict(device)
    return {
        "device": found.name,
        "device_id": found.id,
        "device_kind": found.kind,
        "capability": found.capability,
        "versions": dict(found.versions),
    }
