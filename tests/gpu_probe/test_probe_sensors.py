"""What a row says of clocks and power, on readings that are known and on this machine as it is."""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from gpu_probe.buffers import zero
from gpu_probe.bursts import MOST_REST_S, burst_us, cooled
from gpu_probe.kernels import KERNELS
from gpu_probe.kernels.kernel import Prepared
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


class HotGpu:
    """A GPU whose calls take 100 us until it has worked for 50 ms without a rest, and 130 us from then on."""

    def __init__(self):
        self.seconds, self.worked = 0.0, 0.0

    def batch_us(self, first, count):
        took = 0.0
        for _ in range(count):
            call = 100.0 if self.worked < 0.05 else 130.0
            self.worked = min(0.06, self.worked + call / 1e6)
            took += call
        self.seconds += took / 1e6
        return took

    def sleep(self, seconds):
        self.seconds += seconds
        self.worked = max(0.0, self.worked - 0.12 * seconds)  # cold again after half a second


def test_a_burst_after_a_rest_is_faster_than_what_is_sustained():
    gpu = HotGpu()
    sustained = sustained_us(gpu.batch_us, 100.0, now=lambda: gpu.seconds)
    burst = burst_us(gpu.batch_us, 100.0, lambda: gpu.worked == 0, now=lambda: gpu.seconds, sleep=gpu.sleep)
    assert (burst, sustained) == pytest.approx((100.0, 130.0))
    begin = gpu.seconds
    burst_us(gpu.batch_us, 100.0, lambda: False, now=lambda: gpu.seconds, sleep=gpu.sleep)
    assert 3 * MOST_REST_S < gpu.seconds - begin < 3 * (MOST_REST_S + 0.2)  # one that never cools waits no longer


def test_a_gpu_has_cooled_when_nothing_holds_it_back_and_it_gets_no_colder():
    readings = [Reading(1980, 2619, degrees, 100.0, bits) for degrees, bits in ((70, 4), (66, 0), (62, 0), (62, 0))]
    at_hand = iter(readings)
    cool = cooled(lambda: next(at_hand))
    assert [cool() for _ in readings] == [False, False, False, True]
    assert cooled(None)()


class FakeCuda:
    """The parts of torch.cuda that timing calls, on a clock that only its calls move: a launch costs the host 9 us."""

    def __init__(self, monkeypatch, gpu_us):
        self.now_us, self.gpu_us, self.captured, self.capturing = 0.0, gpu_us, [], False
        cuda = self

        class Event:
            def __init__(self, enable_timing):
                assert enable_timing

            def record(self):
                self.at = cuda.now_us

            def synchronize(self):
                pass

            def elapsed_time(self, end):
                return (end.at - self.at) / 1e3

        class CUDAGraph:
            def replay(self):
                cuda.now_us += cuda.gpu_us * len(cuda.captured)

        @contextmanager
        def graph(made):
            cuda.capturing = True
            yield
            cuda.capturing = False

        for name, value in {
            "Event": Event,
            "CUDAGraph": CUDAGraph,
            "graph": graph,
            "synchronize": lambda: None,
        }.items():
            monkeypatch.setattr(torch.cuda, name, value)

    def run(self, turn):
        if self.capturing:
            self.captured.append(turn)
        else:
            self.now_us += max(self.gpu_us, 9.0)


@pytest.mark.parametrize(("gpu_us", "launch", "p50"), [(2.0, "CUDA graph", 2.0), (40.0, None, 40.0)])
def test_a_short_call_is_timed_by_a_cuda_graph_that_rotates_every_buffer(gpu_us, launch, p50, monkeypatch):
    cuda, zeroed = FakeCuda(monkeypatch, gpu_us), []
    for name, value in (("timing.SUSTAINED_S", 0.01), ("bursts.REST_S", 0.0), ("bursts.MOST_REST_S", 0.0)):
        monkeypatch.setattr(f"gpu_probe.{name}", value)
    prepared = Prepared(cuda.run, None, None, 70, lambda: zeroed.append(True))
    found = measured(prepared, recorded("sm_90"), 0.01)
    assert found["p50_us"] == pytest.approx(p50)
    assert found["conditions"].get("launch") == launch
    assert [found["conditions"][f"{name}_us"] for name in ("burst", "sustained", "zeros")] == pytest.approx([p50] * 3)
    assert cuda.captured == (list(range(70)) if launch else [])
    assert zeroed == [True]


def test_a_call_that_no_graph_can_hold_is_timed_one_by_one_and_says_so(monkeypatch):
    cuda = FakeCuda(monkeypatch, 2.0)
    monkeypatch.setattr("gpu_probe.timing.SUSTAINED_S", 0.01)
    monkeypatch.setattr("gpu_probe.bursts.REST_S", 0.0)

    def run(turn):
        if cuda.capturing:
            cuda.capturing = False
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing")
        cuda.run(turn)

    found = measured(Prepared(run, None, None, 1, lambda: None), recorded("sm_90"), 0.01)
    assert found["p50_us"] == pytest.approx(9.0)
    assert found["conditions"]["launch"].startswith(
        "one by one; a CUDA graph cannot hold these calls (CUDA error: oper"
    )


def test_energy_by_hand():
    """700 W for a millisecond are 0.7 J; spread over 2e12 operations 0.35 pJ each."""
    assert picojoules_per_operation(10_000, 10_000, 10_000, 1000.0, 700.0) == pytest.approx(0.35)


def test_zero_data_is_zero_in_every_type():
    sets = [(torch.randn(4, 8).to(torch.float8_e4m3fn), torch.ones(3), torch.ones(4, 6).t())]
    zero(sets)
    assert all(float(tensor.float().abs().sum()) == 0 for tensor in sets[0])


def test_a_cpu_is_timed_without_sensors_and_tells_its_threads(cpu):
    prepared = KERNELS["mm_fp32"].prepare(Shape(8, 16, 32), replace(cpu, cache_bytes=0), 0)
    found = measured(prepared, cpu, 0.01)
    assert found["conditions"] == {"threads": cpu.units}
    assert found["p20_us"] <= found["p50_us"] <= found["p80_us"]
    assert float(prepared.run(0).abs().sum()) > 0  # operands are left as they were
