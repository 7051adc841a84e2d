"""The unbiased pass@k against every subset counted, exact fractions, and a simulation."""

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest

from analysis.laws.pass_at_k import coverage_curve, pass_at_k


@pytest.mark.row("R68")
@pytest.mark.parametrize("n", range(1, 9))
def test_pass_at_k_is_the_share_of_all_subsets_with_a_right_sample(n):
    for right in range(n + 1):
        answers = [True] * right + [False] * (n - right)
        for k in range(1, n + 1):
            subsets = list(combinations(answers, k))
            share = sum(map(any, subsets)) / len(subsets)
            assert pass_at_k(n, right, k) == pytest.approx(share, rel=1e-14, abs=1e-15), (n, right, k)


@pytest.mark.parametrize(("n", "right", "k"), [(10_000, 1, 1), (10_000, 1, 9_999), (10_000, 3, 100), (250, 248, 2),
                                               (10_000, 5_000, 3), (200, 0, 7), (200, 200, 1)])  # fmt: skip
def test_pass_at_k_keeps_its_digits_for_many_samples(n, right, k):
    exact = 1 - Fraction(comb(n - right, k), comb(n, k))
    assert float(pass_at_k(n, right, k)) == pytest.approx(float(exact), rel=1e-12, abs=0)


def test_pass_at_1_is_the_share_of_right_samples_and_pass_at_n_whether_there_is_one():
    right = np.arange(0, 51)
    np.testing.assert_allclose(pass_at_k(50, right, 1), right / 50, rtol=1e-13)
    np.testing.assert_array_equal(pass_at_k(50, right, 50), right > 0)


def test_shapes_broadcast_problems_against_numbers_of_samples():
    table = pass_at_k(np.array([[20], [30]]), np.array([[2], [3]]), np.array([1, 5, 20]))
    assert table.shape == (2, 3)
    assert table[1, 1] == pass_at_k(30, 3, 5)
    np.testing.assert_array_equal(coverage_curve([20, 30], [2, 3], [1, 5, 20]), table.mean(0))


def test_the_estimate_is_unbiased_where_that_of_the_rate_is_not():
    # Problems solved with chance 0.1 by each of 12 samples: the mean estimate of pass@4 is 1 - 0.9^4.
    right = np.random.default_rng(0).binomial(12, 0.1, 200_000)
    truth = 1 - 0.9**4
    assert coverage_curve(12, right, 4)[0] == pytest.approx(truth, abs=2e-3)
    assert np.mean(1 - (1 - right / 12) ** 4) < truth - 0.02


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ((10, 3, 11), "k must be a whole number from 1 to the number of samples, but one is 11 (of 10 samples)"),
        ((10, 3, 0), "k must be a whole number from 1"),
        ((10, 11, 1), "right samples must be whole numbers from 0 to the number of samples, but one is 11"),
        ((10, 2.5, 1), "right samples must be whole numbers"),
        ((0, 0, 1), "samples must be whole numbers from 1 on, but one is 0"),
        ((float("nan"), 0, 1), "samples must be whole numbers from 1 on, but one is nan"),
    ],
)
def test_counts_that_cannot_be_are_named(counts, sentence):
    with pytest.raises(ValueError) as error:
        pass_at_k(*counts)
    assert sentence in str(error.value)
