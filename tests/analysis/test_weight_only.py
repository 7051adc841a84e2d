"""MARLIN's published curve from an A10's datasheet alone: near four times up to 32 tokens, above one to 128."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from analysis.serving.weight_only import (
    GROUP_OF_128,
    Layer,
    byte_ceiling,
    fades_at,
    lookups,
    lookups_per_second,
    speedup,
)

DATA = Path(__file__).parents[2] / "results_db" / "data"


def stored(table: str, key: str, value: str) -> dict[str, str]:
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return next(row for row in csv.DictReader(file) if row[key] == value)


@pytest.fixture(scope="module")
def a10() -> tuple[float, float]:
    row = stored("devices", "device", "A10")
    return float(row["fp16_tflops"]), float(row["bandwidth_gb_s"])


@pytest.mark.row("R23")
def test_an_a10_gains_nearly_four_times_to_32_tokens_and_still_gains_at_128(a10):
    published = float(stored("throughput", "source_id", "marlin_2024")["value"])
    assert byte_ceiling(GROUP_OF_128) == pytest.approx(published, abs=0.015)
    batches = (1, 16, 32, 64, 128, 256)
    gains = dict(zip(batches, speedup(np.array(batches), GROUP_OF_128, *a10), strict=True))
    assert 0.95 * byte_ceiling(GROUP_OF_128) < gains[32] < gains[16] < gains[1] < byte_ceiling(GROUP_OF_128) < 4
    assert 1 < gains[128] < gains[64] < gains[32]
    assert gains[256] == pytest.approx(1.0)
    first, last = fades_at(GROUP_OF_128, *a10)
    assert 32 < first < 64 < 128 < last < 256


def test_bits_that_are_not_fewer_gain_nothing():
    np.testing.assert_allclose(speedup(np.array([1, 100, 10_000]), 16.0, 125, 600), 1.0)


@pytest.mark.row("R26")
def test_four_bits_take_twice_the_lookups_of_two_and_a_rate_is_found_again_from_times():
    layer = Layer(4096, 11008)
    assert lookups(4, layer) == 2 * lookups(2, layer) == 4 * 4096 * 11008 / 8
    bits = np.array([1, 2, 3, 4])
    times = lookups(bits, layer) / 5e9
    assert lookups_per_second(bits, times, layer) == pytest.approx(5e9)
    assert lookups_per_second(bits, times * [1.1, 1.0, 1.0, 1.0], layer) == pytest.approx(5e9, rel=0.01)
