"""The tables of sums and products against plain numpy."""

import numpy as np
import pytest

from analysis.formats import get_format
from analysis.formats.accumulate import ACCUMULATORS
from analysis.formats.dot import ORDERS
from analysis.formats.reductions import LMUL_BITS, PEERS, SUMS, products, sums


def test_sums_have_a_row_an_accumulator_and_order_and_float32_beats_bf16_a_thousandfold():
    frame = sums(256)
    assert len(frame) == len(ACCUMULATORS) * len(ORDERS)
    errors = frame.set_index(["accumulator", "order"])["error"]
    assert errors["bf16", "sequential"] > 1000 * errors["fp32", "sequential"]
    assert errors["bf16", "pairwise"] < errors["bf16", "sequential"]
    assert errors["aligned14", "promoted"] < errors["aligned14", "sequential"]
    assert (frame["gap"] > 0).sum() > 9


def test_the_error_of_a_sum_equals_a_plain_loop():
    frame = sums(64, "bf16", seed=3).set_index(["accumulator", "order"])
    rng, fmt = np.random.default_rng(3), get_format("bf16_tensor")
    a, b = (np.float32(rng.standard_normal((SUMS, 64))) for _ in "ab")
    terms = np.prod([fmt.dequantize(fmt.quantize(x)).astype(np.float64) for x in (a, b)], axis=0)
    total = np.zeros(SUMS, np.float32)
    for column in terms.T:
        total = (total + column).astype(np.float32)  # exact in float64: products of bf16 have 16 bits
    exact = terms.sum(axis=1)
    expected = np.sqrt(((total - exact) ** 2).mean() / (exact**2).mean())
    assert frame.loc[("fp32", "sequential"), "error"] == pytest.approx(expected)


def test_products_have_a_row_a_way_and_lose_less_with_more_bits_as_floats():
    table = products()
    assert len(table) == 2 * len(LMUL_BITS) + len(PEERS)
    floats = table[table["kind"].isin(PEERS)].sort_values("mantissa_bits")
    assert floats["rms_error"].is_monotonic_decreasing
    carry = table[table["kind"] == "L-Mul with carry"].sort_values("mantissa_bits")
    assert carry["rms_error"].is_monotonic_decreasing
