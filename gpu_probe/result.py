"""The row a probe leaves: what was run where, whether it was right, how long it took. Ratios are never stored."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from gpu_probe.device import DeviceInfo
from gpu_probe.events import refuse_constant


class Status(StrEnum):
    """How a case ended; only OK carries times."""

    OK = "OK"
    UNSUPPORTED = "UNSUPPORTED"
    WRONG = "WRONG"
    FAILED = "FAILED"
    TIMEOUT = "TIMEOUT"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class ProbeResult:
    """One kernel on one shape on one device. Times in microseconds per call; `device` is the vendor's name.

    Times of two rows may be compared when `run_id` is the same: one machine, one run.
    `native` is True or False where the compiled code that ran tells, None where it does not or there is no
    arithmetic; `detail` holds the evidence, or the reason why there is no time. `conditions` are what else was seen
    while a GPU was timed (gpu_probe.measuring).
    """

    kernel: str
    format: str
    m: int
    n: int
    k: int
    device: str
    status: Status
    detail: str
    native: bool | None = None
    p20_us: float | None = None
    p50_us: float | None = None
    p80_us: float | None = None
    relative_error: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    device_id: str = ""
    device_kind: str = ""
    capability: str = ""
    samples: int = 0
    calls: int = 0
    buffers: int = 0
    conditions: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    run_id: str = ""
    utc: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", Status(self.status))
        object.__setattr__(self, "versions", dict(self.versions))
        object.__setattr__(self, "conditions", dict(self.conditions))
        if self.relative_error is not None and not 0 <= self.relative_error < math.inf:
            raise ValueError(f"{self.kernel}: relative_error is {self.relative_error}; it must be 0 or a number above")
        times = (self.p20_us, self.p50_us, self.p80_us)
        if self.status is not Status.OK:
            if any(time is not None for time in times):
                raise ValueError(f"{self.kernel}: status {self.status} must not carry times, got {times}")
            return
        if any(time is None or not math.isfinite(time) or time <= 0 for time in times):
            raise ValueError(f"{self.kernel}: status OK needs three positive times in us, got {times}")
        if not self.p20_us <= self.p50_us <= self.p80_us:  # ty: ignore[unsupported-operator]
            raise ValueError(f"{self.kernel}: p20 <= p50 <= p80 is broken by {times}")

    def to_dict(self) -> dict:
        """The row as plain JSON types, keys in the order of the fields."""
        return asdict(self) | {"status": str(self.status)}

    def to_json(self) -> str:
        """The row as one line of strict JSON: null where there is no number, never NaN."""
        return json.dumps(self.to_dict(), allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_dict(cls, row: Mapping) -> ProbeResult:
        """The result of such a row; keys of later versions are ignored, a missing one raises ValueError."""
        known = {field.name: row[field.name] for field in fields(cls) if field.name in row}
        try:
            return cls(**known)
        except (TypeError, OverflowError) as problem:
            raise ValueError(f"not a probe row: {problem}; expected at least {', '.join(REQUIRED)}") from None

    @classmethod
    def from_json(cls, line: str) -> ProbeResult:
        """The result that `to_json` wrote; ValueError when the line is not such a row."""
        row = json.loads(line, parse_constant=refuse_constant)
        if not isinstance(row, dict):
            raise ValueError(f"not a probe row: a JSON {type(row).__name__}; expected an object")
        return cls.from_dict(row)


REQUIRED = ("kernel", "format", "m", "n", "k", "device", "status", "detail")


def about(device: DeviceInfo) -> dict[str, Any]:
    """The columns of a result that describe its device."""
    return {
        "device": device.name,
        "device_id": device.id,
        "device_kind": device.kind,
        "capability": device.capability,
        "versions": dict(device.versions),
    }
