"""What a row says of clocks and power, on readings that are known and on this machine as it is."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from gpu_probe.buffers import zero
from gpu_probe.kernels import KERNELS
from gpu_probe.measuring import measured
from gpu_probe.rates import picojoules_per_operation
from gpu_probe.recorded import recorded
from gpu_probe.sensors import Reading, Sampler, nvml_sampler, sampler_for
from gpu_probe.shapes import Shape
from gpu_probe.timing import sustained_us

READINGS = [
    Reading(1980, 2619, 40, 300.0, 0x01),
    Reading(1900, 2619, 55, 690.0, 0x04),
    Reading(1800, 2619, 61, 700.0, 0x04 | 0x20),
]


def test_readings_are_summed_up_in_medians_the_hottest_and_every_reason():
    seen, at_hand = threading.Event(), iter(READINGS)

    def read() -> Reading:
        reading = next(at_hand, None)
        if reading is None:
            seen.set()
            raise RuntimeError("GPU is lost")
        return reading

    with Sampler(read, {"power_limit_w": 700.0}) as sampler:
        assert seen.wait(60)
    found = sampler.conditions
    assert found == {
        "power_limit_w": 700.0, "sm_mhz": 1900, "memory_mhz": 2619, "temperature_c": 61, "power_w": 690.0,
        "slowed_by": ["power cap", "thermal (software)"], "readings": 3,
    }  # fmt: skip


def test_a_gpu_that_cannot_be_read_says_why_and_stops_nothing():
    def read() -> Reading:
        raise OSError("no permission")

    with Sampler(read, {}) as sampler:
        pass
    assert sampler.conditions == {"sensors": "OSError: no permission"}


@pytest.mark.parametrize(
    "reasons", ["nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"]
)
def test_nvml_is_asked_for_this_gpu_under_its_newer_and_its_older_name(reasons):
    asked = {
        "nvmlDeviceGetClockInfo": lambda handle, which: {1: 1755, 2: 2619}[which],
        "nvmlDeviceGetTemperature": lambda handle, which: 50,
        "nvmlDeviceGetPowerUsage": lambda handle: 512_345,
        "nvmlDeviceGetMaxClockInfo": lambda handle, which: 1980,
        "nvmlDeviceGetEnforcedPowerLimit": lambda handle: 700_000,
        "nvmlDeviceGetComputeRunningProcesses": lambda handle: ["ours", "another"],
        reasons: lambda handle: 0x08 if handle == "this" else 0,
    }
    nvml = SimpleNamespace(NVML_CLOCK_SM=1, NVML_CLOCK_MEM=2, NVML_TEMPERATURE_GPU=0, **asked)
    sampler = nvml_sampler(nvml, "this")
    assert sampler.read() == Reading(1755, 2619, 50, 512.345, 0x08)
    assert sampler.limits == {"sm_mhz_max": 1980, "power_limit_w": 700.0, "other_processes": 1}


def test_pynvml_has_every_function_and_constant_that_is_asked_for():
    pynvml = pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed; pip install --group dev brings it")
    assert {pynvml.NVML_CLOCK_SM, pynvml.NVML_CLOCK_MEM, pynvml.NVML_TEMPERATURE_GPU} == {0, 1, 2}
    for name in ("ClockInfo", "Temperature", "PowerUsage", "MaxClockInfo", "EnforcedPowerLimit", "HandleByUUID"):
        assert hasattr(pynvml, f"nvmlDeviceGet{name}"), name
    bits = {"SwPowerCap": 0x04, "HwSlowdown": 0x08, "SwThermalSlowdown": 0x20, "HwThermalSlowdown": 0x40}
    for name, bit in (bits | {"HwPowerBrakeSlowdown": 0x80}).items():
        assert getattr(pynvml, f"nvmlClocksEventReason{name}") == bit


def test_a_cpu_has_no_conditions_and_a_gpu_without_nvml_says_what_is_missing(monkeypatch):
    assert sampler_for(recorded("cpu")) == {}
    if not torch.cuda.is_available():
        said = sampler_for(recorded("sm_90"))
        assert isinstance(said, dict)
        assert said["sensors"].startswith(("NVML cannot be read: ", "nvidia-ml-py is not installed; pip install"))
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    assert "nvidia-ml-py is not installed; pip install" in str(sampler_for(recorded("sm_90")))


def test_what_is_sustained_is_the_second_half_of_two_seconds():
    clock = itertools.count()

    class Machine:
        seconds = 0.0

        def batch_us(self, first, count):
            per_call = 100.0 if self.seconds < 1.0 else 130.0  # the clock drops when the card is warm
            self.seconds += per_call * count / 1e6
            return per_call * count

    machine = Machine()
    assert sustained_us(machine.batch_us, 100.0, now=lambda: machine.seconds) == pytest.approx(130.0)
    assert 2.0 <= machine.seconds < 2.1
    assert sustained_us(lambda first, count: 9e6, 9e6, now=lambda: 1.5 * next(clock)) == 9e6


def test_energy_by_hand():
    """700 W for a millisecond are 0.7 J; spread over 2e12 operations 0.35 pJ each."""
    assert picojoules_per_operation(10_000, 10_000, 10_000, 1000.0, 700.0) == pytest.approx(0.35)


def test_zero_data_is_zero_in_every_type():
    sets = [(torch.randn(4, 8).to(torch.float8_e4m3fn), torch.ones(3), torch.ones(4, 6).t())]
    zero(sets)
    assert all(float(tensor.float().abs().sum()) == 0 for tensor in sets[0])


def test_a_cpu_is_timed_without_sensors(cpu):
    prepared = KERNELS["mm_fp32"].prepare(Shape(8, 16, 32), replace(cpu, cache_bytes=0), 0)
    found = measured(prepared, cpu, 0.01)
    assert found["conditions"] == {}
    assert found["p20_us"] <= found["p50_us"] <= found["p80_us"]
    assert float(prepared.run(0).abs().sum()) > 0  # operands are left as they were
