"""What a GPU says of itself while it works: clocks, temperature, power and what holds it back, sampled through NVML.

NVML comes with NVIDIA's driver; nvidia-ml-py, which reads it, is optional: without either a row says why it has none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

from gpu_probe.device import DeviceInfo

EVERY_S = 0.02
# Bits of NVML's clocks event reasons that mean the GPU ran below the clock it would have chosen; an idle GPU or a
# clock that its owner set are none. Source: nvml.h of driver 580, nvmlClocksEventReason*.
SLOWED_BY = {
    0x04: "power cap",
    0x08: "hardware slowdown",
    0x20: "thermal (software)",
    0x40: "thermal (hardware)",
    0x80: "power brake",
}
Conditions = dict[str, Any]


class Reading(NamedTuple):
    """One look at a GPU: clocks in MHz, degrees Celsius, watts, reasons as NVML's bits."""

    sm_mhz: float
    memory_mhz: float
    temperature_c: float
    power_w: float
    reasons: int


@dataclass
class Sampler:
    """Reads a GPU every 20 ms on a thread of its own while the `with` block runs; `conditions` sum up what it read."""

    read: Callable[[], Reading]
    limits: Conditions
    readings: list[Reading] = field(default_factory=list)
    problem: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Sampler:
        self._thread = threading.Thread(target=self._sample, daemon=True, name="sensors")
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _sample(self) -> None:
        while True:
            try:
                self.readings.append(self.read())
            except Exception as problem:  # a sensor that fails leaves the time as it is, and is said
                self.problem = f"{type(problem).__name__}: {problem}"
                return
            if self._stop.wait(EVERY_S):
                return

    @property
    def conditions(self) -> Conditions:
        """Median clocks and power, highest temperature, everything that slowed the GPU, and the card's limits."""
        if not self.readings:
            return {"sensors": self.problem or "not read"}
        columns = list(zip(*self.readings, strict=True))
        reasons = 0
        for reading in self.readings:
            reasons |= reading.reasons
        return self.limits | {
            "sm_mhz": median(columns[0]),
            "memory_mhz": median(columns[1]),
            "temperature_c": max(columns[2]),
            "power_w": round(median(columns[3]), 1),
            "slowed_by": [name for bit, name in SLOWED_BY.items() if reasons & bit],
            "readings": len(self.readings),
        }


def sampler_for(device: DeviceInfo) -> Sampler | Conditions:
    """A sampler of an NVIDIA GPU; for any other device, or without NVML, the conditions that say why there is none."""
    if device.kind != "cuda":
        return {}
    try:
        import pynvml
    except ImportError:
        return {"sensors": "nvidia-ml-py is not installed; pip install nvidia-ml-py to read clocks and power"}
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(_uuid(device))
        return nvml_sampler(pynvml, handle)
    except pynvml.NVMLError as problem:
        return {"sensors": f"NVML cannot be read: {problem}"}


def nvml_sampler(nvml: Any, handle: Any) -> Sampler:
    """A sampler of one GPU through the module pynvml."""
    # The function was renamed; drivers before 535 know only the older name.
    names = ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons")
    reasons = next(getattr(nvml, name) for name in names if hasattr(nvml, name))

    def read() -> Reading:
        return Reading(
            nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM),
            nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM),
            nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU),
            nvml.nvmlDeviceGetPowerUsage(handle) / 1e3,
            reasons(handle),
        )

    limits = {
        "sm_mhz_max": nvml.nvmlDeviceGetMaxClockInfo(handle, nvml.NVML_CLOCK_SM),
        "power_limit_w": nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1e3,
        "other_processes": max(0, len(nvml.nvmlDeviceGetComputeRunningProcesses(handle)) - 1),
    }
    return Sampler(read, limits)


def _uuid(device: DeviceInfo) -> str:
    import torch

    return f"GPU-{torch.cuda.get_device_properties(device.id).uuid}"
