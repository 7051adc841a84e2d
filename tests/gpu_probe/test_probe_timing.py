"""Times and the ratios made of them, on a clock that the test turns, against numpy and numbers worked out by hand."""

from __future__ import annotations

import csv
import itertools
import random
import time
from pathlib import Path

import numpy as np
import pytest

from gpu_probe.compiled import native_on
from gpu_probe.kernels import KERNELS
from gpu_probe.rates import (
    _DATASHEET_NAMES,
    OPERAND_BITS,
    PEAK_COLUMNS,
    copy_gb_per_s,
    datasheet_name,
    intensity,
    peak_format,
    speedup,
    tflops,
)
from gpu_probe.recorded import RECORDED
from gpu_probe.timing import FEWEST_SAMPLES, MOST_SAMPLES, batch_timer, measure, percentile, settled

DEVICES = Path(__file__).parents[2] / "results_db" / "data" / "devices.csv"


class Machine:
    """A device whose call number i takes `cost(i)` us and a clock that only its calls move."""

    def __init__(self, cost):
        self.cost, self.seconds, self.batches = cost, 0.0, []

    def batch_us(self, first, count):
        total = sum(self.cost(turn) for turn in range(first, first + count))
        self.seconds += total / 1e6
        self.batches.append((first, count))
        return total

    def measure(self, budget_s):
        return measure(self.batch_us, budget_s, now=lambda: self.seconds)


@pytest.mark.parametrize("length", [1, 2, 5, 6, 101])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_percentiles_equal_numpys(length, share):
    values = [random.Random(length).random() for _ in range(length)]
    assert percentile(values, share) == pytest.approx(np.quantile(values, share), rel=1e-15)


def test_a_steady_call_is_timed_in_batches_of_a_millisecond_and_few_samples():
    machine = Machine(lambda turn: 10.0)
    found = machine.measure(1.0)
    assert (found.p20_us, found.p50_us, found.p80_us) == pytest.approx((10.0, 10.0, 10.0))
    assert found.samples == FEWEST_SAMPLES
    assert all(count * 10.0 >= 1000 for _, count in machine.batches[-FEWEST_SAMPLES:])
    assert 0.25 <= machine.seconds < 0.3  # a quarter of the budget warms up


def test_calls_follow_each_other_so_that_buffers_rotate():
    machine = Machine(lambda turn: 300.0)
    found = machine.measure(0.1)
    ends = list(itertools.accumulate((count for _, count in machine.batches), initial=0))
    assert [first for first, _ in machine.batches] == ends[:-1]
    assert found.calls == ends[-1]


def test_the_slow_first_calls_do_not_count():
    found = Machine(lambda turn: 50_000.0 if turn < 3 else 100.0).measure(1.0)
    assert found.p80_us == pytest.approx(100.0)


def test_a_noisy_call_is_sampled_until_the_budget_is_spent():
    noise = random.Random(1)
    machine = Machine(lambda turn: noise.uniform(1000, 3000))
    found = machine.measure(0.4)
    assert found.p20_us < found.p50_us < found.p80_us
    assert found.p50_us == pytest.approx(2000, rel=0.15)
    assert 0.4 < machine.seconds < 0.41
    assert 100 < found.samples <= MOST_SAMPLES


@pytest.mark.parametrize(("seconds", "samples", "calls"), [(0.1, 6, 8), (0.3, 5, 6), (1.0, 3, 4), (9.0, 3, 4)])
def test_a_call_as_long_as_the_budget_is_sampled_five_times_and_a_longer_one_three_times(seconds, samples, calls):
    found = Machine(lambda turn: seconds * 1e6 * (1 + 0.1 * (turn % 3))).measure(0.8)
    assert (found.samples, found.calls) == (samples, calls)
    assert found.p20_us < found.p50_us < found.p80_us


def test_the_median_is_settled_when_twice_its_error_is_a_hundredth():
    """2 x 1.2533 x 1.4826 x MAD / sqrt(n) <= 0.01 median: with n = 25 and MAD 1, from a median of 74.33 on."""
    around = [-1.0] * 12 + [0.0] + [1.0] * 12
    assert settled([75.0 + step for step in around])
    assert not settled([74.0 + step for step in around])
    assert not settled([10.0] * (FEWEST_SAMPLES - 1))
    assert settled([10.0] * FEWEST_SAMPLES)


def test_a_cpu_is_timed_by_the_wall_clock():
    begin = time.perf_counter()
    took = batch_timer(lambda turn: time.sleep(0.002), "cpu")(0, 5)
    assert 10_000 <= took <= (time.perf_counter() - begin) * 1e6


def test_rates_by_hand():
    assert tflops(1000, 1000, 1000, 1000.0) == pytest.approx(2.0)  # 2e9 operations in a millisecond
    assert tflops(4096, 4096, 4096, 200.0) == pytest.approx(687.19476736)
    assert copy_gb_per_s(1000, 1000, 1000.0) == pytest.approx(4.0)  # 2 MB read, 2 MB written
    assert copy_gb_per_s(262144, 2048, 1000.0) == pytest.approx(2147.483648)


def test_operations_per_byte_by_hand():
    # bf16 1 x 1000 x 1000: 2e6 operations; 2e3 + 2e6 bytes read, 2e3 written.
    assert intensity("mm_bf16", "bf16", 1, 1000, 1000) == pytest.approx(2e6 / 2.004e6)
    # MXFP4 weights alone: 17/32 bytes a weight, activations and result in bf16.
    assert intensity("gemv_mxfp4_weight", "mxfp4", 1, 1000, 1000) == pytest.approx(2e6 / (531_250 + 4000))
    assert intensity("mm_int8", "int8", 1000, 1000, 1000) == pytest.approx(2e9 / 6e6)  # int32 result
    assert intensity("triton_w4a8", "w4a8", 1024, 1024, 1024) == pytest.approx(2 * 1024 / ((8.25 + 4.25 + 16) / 8))


def test_a_speedup_pairs_the_slow_end_of_one_with_the_fast_end_of_the_other():
    assert speedup((80.0, 100.0, 125.0), (160.0, 200.0, 250.0)) == pytest.approx((1.28, 2.0, 3.125))
    assert speedup((5.0, 5.0, 5.0), (5.0, 5.0, 5.0)) == (1.0, 1.0, 1.0)


NAMES = {
    "NVIDIA H100 80GB HBM3": "H100 SXM",
    "NVIDIA H100 PCIe": "H100 PCIe",
    "NVIDIA H100 NVL": None,
    "NVIDIA H200": "H200 SXM",
    "NVIDIA H200 NVL": None,
    "NVIDIA GH200 480GB": "GH200 96GB",
    "NVIDIA GH200 144G HBM3e": None,
    "NVIDIA B200": "B200 SXM",
    "NVIDIA GB200": "GB200 (per GPU)",
    "NVIDIA B300 SXM6 AC": "B300 SXM",
    "NVIDIA GB300": "GB300 (per GPU)",
    "NVIDIA A100-SXM4-80GB": "A100-80GB SXM",
    "NVIDIA A100-SXM4-40GB": "A100-40GB SXM",
    "NVIDIA A100-SXM4-40GB MIG 1g.5gb": None,
    "NVIDIA A100-PCIE-40GB": None,
    "NVIDIA A100 80GB PCIe": None,
    "NVIDIA L4": "L4",
    "NVIDIA L40S": "L40S",
    "NVIDIA L40": None,
    "NVIDIA A10": "A10",
    "NVIDIA A10G": None,
    "Tesla T4": "T4",
    "NVIDIA T400 4GB": None,
    "NVIDIA RTX PRO 6000 Blackwell Workstation Edition": "RTX PRO 6000 Blackwell",
    "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition": None,
    "NVIDIA GeForce RTX 5090": "RTX 5090",
    "NVIDIA GeForce RTX 5090 D": None,
    "NVIDIA GeForce RTX 5090 Laptop GPU": None,
    "NVIDIA GeForce RTX 4090": "RTX 4090",
    "NVIDIA GeForce RTX 4090 Laptop GPU": None,
    "NVIDIA GeForce RTX 3090": "RTX 3090",
    "NVIDIA GeForce RTX 3090 Ti": None,
    "AMD Instinct MI250X": None,
    "AMD Instinct MI300X": "MI300X",
    "AMD Instinct MI300A": None,
    "AMD Instinct MI325X": "MI325X",
    "AMD Instinct MI355X": "MI355X",
    "Apple M3 Max": None,
    "AMD EPYC 9755 128-Core Processor": None,
}


@pytest.mark.parametrize("device", NAMES)
def test_a_device_is_compared_with_the_datasheet_row_that_is_surely_its_own(device):
    assert datasheet_name(device) == NAMES[device]


def _datasheet() -> dict[str, dict[str, str]]:
    with DEVICES.open(encoding="utf-8", newline="") as file:
        return {row["device"]: row for row in csv.DictReader(file)}


def test_every_datasheet_name_and_every_peak_column_is_in_the_shipped_table():
    table = _datasheet()
    assert {name for _, name in _DATASHEET_NAMES} - set(table) == set()
    assert set(PEAK_COLUMNS.values()) - set(next(iter(table.values()))) == set()
    assert {peak_format(name, kernel.format) for name, kernel in KERNELS.items()} <= set(PEAK_COLUMNS)
    assert {kernel.format for kernel in KERNELS.values() if kernel.is_product} <= set(OPERAND_BITS)


# Peaks that no text source states, so that a row of that format has no share of a peak.
NO_PEAK = {"sm_86": {"tf32"}, "sm_89": {"tf32"}, "sm_120": {"tf32", "int8"}}


@pytest.mark.parametrize("arch", [arch for arch in RECORDED if datasheet_name(RECORDED[arch].name)])
def test_a_recorded_device_has_a_peak_in_each_format_that_it_multiplies(arch):
    device = RECORDED[arch]
    row = _datasheet()[str(datasheet_name(device.name))]
    runs = {
        peak_format(kernel.name, kernel.format)
        for kernel in KERNELS.values()
        if not kernel.why_not(device) and kernel.is_product and (kernel.program is None or native_on(kernel, arch))
    }
    assert {known for known in runs if not row[PEAK_COLUMNS[known]]} == NO_PEAK.get(arch, set()), row
