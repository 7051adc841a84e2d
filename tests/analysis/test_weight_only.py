"""MARLIN's published curve from an A10's datasheet alone: near four times up to 32 tokens, above one to 128."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from analysis.serving.weight_only import GROUP_OF_128, byte_ceiling, fades_at, speedup

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
