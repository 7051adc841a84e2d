"""Approximations of functions: their errors, what they count, and softmax in fewer passes."""

from fractions import Fraction
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from analysis.formats.elements import ELEMENTS
from analysis.formats.functions import trials
from analysis.formats.functions.exponentials import exp_pattern, exp_polynomial, remainder
from analysis.formats.functions.machine import PRECISIONS, Machine, to_bf16
from analysis.formats.functions.others import erf_rational, log_bessel
from analysis.formats.functions.softmax import SOFTMAXES, Memory
from analysis.formats.functions.trials import APPROXIMATIONS, FUNCTIONS, Approximation, errors, tried


def run(function, x, name="fp32"):
    machine = Machine(PRECISIONS[name])
    return function(machine.number(x)).values, machine


@pytest.mark.row("R21")
def test_exp_by_a_polynomial_of_degree_7_stays_within_one_last_place_on_a_million_float32():
    found = tried(Approximation("exp", "degree 7", partial(exp_polynomial, degree=7)), 2**20)
    assert 0.5 < found["max_ulp"] < 1
    assert found["operations"] == 21


def test_each_degree_of_the_polynomial_takes_the_error_down_until_rounding_is_left():
    worst = [tried(row, 2**12)["max_ulp"] for row in APPROXIMATIONS[:6] if row.title.startswith("polynomial of degree")]
    assert all(b < a / 10 for a, b in pairwise(worst[:4]))
    assert worst[5] < 1.1


@pytest.mark.parametrize("row", APPROXIMATIONS, ids=lambda row: f"{row.function}: {row.title}, {row.arithmetic}")
def test_every_approximation_counts_the_operations_of_a_value_and_comes_near_its_function(row):
    few, many = tried(row, 2**9), tried(row, 2**11)
    assert few["operations"] == many["operations"] > 0
    assert many["max_absolute"] / np.abs(FUNCTIONS[row.function].exact(np.array([FUNCTIONS[row.function].high])))[0] < 2
    assert many["mean_ulp"] <= many["max_ulp"]


def test_the_printed_bound_of_abramowitz_and_stegun_holds_in_float64():
    x = np.linspace(-6, 6, 20_001)
    found, _ = run(erf_rational, x, "fp64")
    assert np.abs(found - FUNCTIONS["erf"].exact(x)).max() < 1.5e-7 + 1e-9


def test_writing_into_the_bits_errs_equally_to_both_sides_by_three_percent():
    x = np.linspace(-20, 20, 100_001)
    relative = run(exp_pattern, x)[0] / np.exp(np.float32(x).astype(np.float64)) - 1
    assert relative.max() == pytest.approx(2 ** trials_balance() - 1, abs=1e-4)
    assert relative.min() == pytest.approx(2 ** -trials_balance() - 1, abs=1e-4)
    assert relative.max() == pytest.approx(0.03, abs=0.001)


def trials_balance():
    """Half the log2 of the largest (1 + f) / 2^f, found by trying."""
    f = np.linspace(0, 1, 1_000_001)
    return np.log2(((1 + f) / 2**f).max()) / 2


def test_each_term_of_the_expansion_for_large_orders_gains_an_order_of_magnitude():
    x = np.linspace(40, 800, 500)
    worst = [
        np.abs(run(partial(log_bessel, terms=k), x, "fp64")[0] - FUNCTIONS["log I"].exact(x)).max() for k in range(4)
    ]
    assert all(b < a / 10 for a, b in pairwise(worst)), worst


def test_the_polynomial_is_within_twice_the_error_that_its_next_term_allows():
    r = np.linspace(-0.34, 0.34, 1001)
    for degree in (3, 5):
        q = np.polynomial.Polynomial(remainder(degree, float(np.log(2) / 2)))(r)
        error = np.abs(1 + r + r * r * q - np.exp(r)).max()
        following = (np.log(2) / 2) ** (degree + 1) / float(np.prod(np.arange(1, degree + 2)))
        assert error < following / 2 ** (degree - 3)


# --- last places


def test_numbers_are_rounded_to_bf16_as_the_table_of_bf16_rounds_them():
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(4000) * np.exp2(rng.uniform(-120, 120, 4000))).astype(np.float32)
    x = np.concatenate([x, np.float32([0, -0.0, 1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8])])
    bf16 = ELEMENTS["bf16"]
    np.testing.assert_array_equal(to_bf16(x).view(np.uint32), bf16.decode(bf16.encode(x)).view(np.uint32))


@pytest.mark.parametrize("name", PRECISIONS)
def test_a_last_place_is_the_distance_to_the_next_number(name):
    precision = PRECISIONS[name]
    for value in (1.0, 1.5, 2.0, 0.75, 2.0**-10, 2.0**-126):
        following = Fraction(value) + Fraction(float(precision.ulp(np.array(value))))
        assert float(precision.rounded(np.array([float(following)]))[0]) == float(following)
        between = Fraction(value) + Fraction(float(precision.ulp(np.array(value)))) * Fraction(1, 4)
        assert float(precision.rounded(np.array([float(between)]))[0]) == float(precision.rounded(np.array([value]))[0])


def test_a_result_that_is_not_finite_has_an_infinite_error():
    assert errors(np.array([np.nan, 1.0]), np.array([1.0, 1.0]), "fp32")["max_ulp"] == np.inf


# --- softmax


def softmax(title, x):
    memory = Memory(x)
    with np.errstate(over="ignore", invalid="ignore"):
        SOFTMAXES[title][0](memory, Machine(PRECISIONS["fp32"]))
    return memory


@pytest.mark.row("R21")
@pytest.mark.parametrize("spread", [1, 30])
@pytest.mark.parametrize("title", [title for title in SOFTMAXES if title.startswith("two")])
def test_two_passes_give_the_softmax_of_three_and_read_memory_once_less(title, spread, monkeypatch):
    monkeypatch.setattr("analysis.formats.functions.softmax.BLOCK", 100)  # the largest comes late
    x = (spread * np.random.default_rng(0).standard_normal(2050)).astype(np.float32) + np.float32(500)
    two, three = softmax(title, x), softmax("three passes", x)
    np.testing.assert_allclose(two.result, three.result, rtol=1e-4, atol=1e-37)
    assert two.result.sum(dtype=np.float64) == pytest.approx(1, abs=1e-5)
    assert (two.read, three.read, two.written, three.written) == (2 * 2050, 3 * 2050, 2050, 2050)


def test_without_a_maximum_large_elements_overflow_and_small_ones_do_not():
    x = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    small = softmax("no maximum first", x)
    np.testing.assert_allclose(small.result, softmax("three passes", x).result, rtol=1e-5)
    assert not np.isfinite(softmax("no maximum first", x + np.float32(100)).result).all()
    overflowed = trials.softmaxes().set_index("title")["max_ulp"]
    assert np.isinf(overflowed).sum() == 1
    assert np.isinf(overflowed["no maximum first"])
