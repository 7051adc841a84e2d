"""Under which conditions a time of the probe holds: clocks, power, what slowed the GPU, sustained and zero data."""

from __future__ import annotations

import json
from typing import Any

from gpu_probe.rates import picojoules_per_operation, tflops

COLUMNS = (
    "tflops_burst", "tflops_sustained", "tflops_zeros", "power_w", "picojoules", "sm_mhz", "temperature_c", "slowed_by",
)  # fmt: skip


def conditions_of(row: dict[str, Any]) -> dict[str, Any]:
    """The columns above of a stored row; None where the probe could not read them, as on every CPU."""
    told = _told(row.get("extra"))
    m, n, k = int(row["m"]), int(row["n"]), int(row["k"])
    power = _number(told, "power_w")
    burst, sustained, zeros = (_number(told, f"{name}_us") for name in ("burst", "sustained", "zeros"))
    slowed = told.get("slowed_by")
    return {
        "tflops_burst": tflops(m, n, k, burst) if burst else None,
        "tflops_sustained": tflops(m, n, k, sustained) if sustained else None,
        "tflops_zeros": tflops(m, n, k, zeros) if zeros else None,
        "power_w": power,
        "picojoules": picojoules_per_operation(m, n, k, sustained or row["p50_us"], power) if power else None,
        "sm_mhz": _number(told, "sm_mhz"),
        "temperature_c": _number(told, "temperature_c"),
        "slowed_by": ", ".join(map(str, slowed)) if isinstance(slowed, list) and slowed else None,
    }


def threads_of(extra: object) -> int:
    """The threads that a CPU's row was timed with, 0 where it does not say."""
    return int(_number(_told(extra), "threads") or 0)


def _told(extra: object) -> dict[str, Any]:
    fields = json.loads(extra) if isinstance(extra, str) else {}
    told = fields.get("conditions") if isinstance(fields, dict) else None
    return told if isinstance(told, dict) else {}


def _number(told: dict[str, Any], name: str) -> float | None:
    value = told.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
