"""The line protocol between the parent and its worker: one JSON object a line, anything else is noise."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import NamedTuple

from gpu_probe.shapes import Shape

MARK = "probe_event"
POISONED = 75  # exit code of a worker that gave a row and left because its device context is unfit for more


class Case(NamedTuple):
    """One kernel on one shape."""

    kernel: str
    shape: Shape


@dataclass(frozen=True)
class Order:
    """What a worker is told: which device, which cases, seconds of timing per case, seed, extra kernel modules.

    `threads` are those that a CPU may use, 0 for as many as torch takes.
    """

    device: str
    cases: tuple[Case, ...]
    budget_s: float
    seed: int
    kernel_modules: tuple[str, ...] = field(default=())
    threads: int = 0

    def to_json(self) -> str:
        """The order as one line."""
        cases = [{"kernel": case.kernel, "shape": list(case.shape)} for case in self.cases]
        return json.dumps(self.__dict__ | {"cases": cases})

    @classmethod
    def from_json(cls, line: str) -> Order:
        """The order that `to_json` wrote."""
        told = json.loads(line)
        cases = tuple(Case(case["kernel"], Shape(*case["shape"])) for case in told["cases"])
        return cls(
            told["device"], cases, told["budget_s"], told["seed"], tuple(told["kernel_modules"]), told["threads"]
        )


def refuse_constant(word: str) -> float:
    """Raises ValueError for NaN and Infinity, which Python reads in JSON and JSON does not have."""
    raise ValueError(f"{word} is not JSON; write null where there is no number")


def event_line(name: str, **facts) -> str:
    """One event as a line; strict JSON."""
    return json.dumps({MARK: name, **facts}, allow_nan=False)


def parse_event(line: str) -> dict | None:
    """The event on that line (its name under 'probe_event'), None when the line is noise."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        event = json.loads(line, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get(MARK), str) else None
