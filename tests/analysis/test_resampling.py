"""Resampling with a verifier that may be wrong, against a simulation sample by sample and against limits."""

import numpy as np
import pandas as pd
import pytest

from analysis.laws import LAWS
from analysis.laws.pass_at_k import pass_at_k
from analysis.laws.resampling import Problems, answered, best_samples, ceiling


@pytest.fixture(scope="module")
def gsm8k(data_folder) -> Problems:
    """Brown et al.'s 128 GSM8K problems by the success of a single Llama-3-8B sample: the middles of four spans."""
    table = pd.read_csv(data_folder / "coverage.csv")
    shares = table[table["metric"] == "share_of_problems"]["value"].to_numpy()
    return Problems(np.array([0.05, 0.175, 0.5, 0.875]), shares)


def simulated(problems, false_positive_rate, most, rng, tries=200_000):
    """Right and wrong answers counted over `tries` problems, drawing samples one by one."""
    chance = rng.choice(problems.pass_rates, tries, p=problems.shares / problems.shares.sum())
    outcome = np.zeros(tries, int)
    for _ in range(most):
        right = rng.random(tries) < chance
        accepted = right | (rng.random(tries) < false_positive_rate)
        outcome = np.where((outcome == 0) & accepted, np.where(right, 1, -1), outcome)
    return np.mean(outcome == 1), np.mean(outcome == -1)


@pytest.mark.parametrize(("rate", "most"), [(0.0, 3), (0.1, 1), (0.1, 8), (0.4, 20)])
def test_shares_of_right_and_wrong_answers_are_those_of_a_simulation(gsm8k, rate, most):
    right, wrong = answered(gsm8k, rate, np.array([most]))
    np.testing.assert_allclose([right[0], wrong[0]], simulated(gsm8k, rate, most, np.random.default_rng(1)), atol=4e-3)


@pytest.mark.row("R69")
def test_without_false_positives_accuracy_is_the_coverage(gsm8k):
    samples = np.array([1, 10, 100, 100_000])
    right, wrong = answered(gsm8k, 0.0, samples)
    coverage = [gsm8k.mean(1 - (1 - gsm8k.pass_rates) ** k) for k in samples]
    np.testing.assert_allclose(right, coverage, rtol=1e-12)
    assert not wrong.any()
    assert (right[-1], ceiling(gsm8k, 0.0)) == (pytest.approx(1.0), 1.0)
    hundred = Problems(np.array([0.3]), np.array([1.0]))  # and the coverage is pass@k where samples are many
    assert answered(hundred, 0.0, [5])[0][0] == pytest.approx(float(pass_at_k(10**6, 300_000, 5)), abs=1e-5)


@pytest.mark.row("R69")
@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 1.0])
def test_with_false_positives_no_number_of_samples_passes_the_ceiling(gsm8k, rate):
    top = ceiling(gsm8k, rate)
    right, _ = answered(gsm8k, rate, np.arange(5000))
    assert top < 1
    assert right.max() == pytest.approx(top, rel=1e-9)
    assert np.all(np.diff(right) >= 0)
    one_by_one = LAWS["verifier_ceiling"].evaluate({"f": rate}, {"pass_rate": gsm8k.pass_rates})
    assert top == pytest.approx(gsm8k.mean(one_by_one), rel=1e-12)


def test_a_weak_model_cannot_resample_its_way_to_a_strong_one():
    weak, strong = (Problems(np.array([p]), np.array([1.0])) for p in (0.1, 0.6))
    assert ceiling(weak, 0.2) < answered(strong, 0.2, [1])[0][0]


def test_the_ceiling_of_the_law_after_k_samples_is_the_share_answered_rightly():
    law = LAWS["verifier_ceiling"]
    x = {"pass_rate": 0.2, "samples": np.array([1, 4, 50])}
    right, _ = answered(Problems(np.array([0.2]), np.array([1.0])), 0.1, x["samples"])
    np.testing.assert_allclose(law.derive("right_after", {"f": 0.1}, x), right, rtol=1e-12)


@pytest.mark.row("R69")
@pytest.mark.parametrize(("rate", "wrong_cost"), [(0.1, 2.0), (0.1, 4.0), (0.2, 1.0), (0.2, 2.0), (0.3, 1.0)])
def test_a_cost_for_wrong_answers_makes_few_samples_best_as_published(gsm8k, rate, wrong_cost):
    best, worth = best_samples(gsm8k, rate, wrong_cost)
    assert 1 <= best < 10
    right, wrong = answered(gsm8k, rate, np.arange(1001))
    brute = right - wrong_cost * wrong
    assert (best, worth) == (brute.argmax(), pytest.approx(brute.max()))


def test_where_no_answer_pays_no_sample_is_best():
    assert best_samples(Problems(np.array([0.01]), np.array([1.0])), 0.9, 4.0) == (0, 0.0)


def test_a_price_per_sample_ends_the_drawing_as_a_simulation_says():
    problems = Problems(np.array([0.02, 0.5]), np.array([0.5, 0.5]))
    best, worth = best_samples(problems, 0.05, 1.0, sample_cost=0.02)
    rng = np.random.default_rng(2)
    chance = rng.choice(problems.pass_rates, 400_000)
    drawn, open_ = np.zeros(len(chance)), np.ones(len(chance), bool)
    value = np.zeros(len(chance))
    for _ in range(best):
        drawn += open_
        right = rng.random(len(chance)) < chance
        accepted = open_ & (right | (rng.random(len(chance)) < 0.05))
        value += np.where(accepted, np.where(right, 1.0, -1.0), 0.0)
        open_ &= ~accepted
    assert worth == pytest.approx(float(np.mean(value - 0.02 * drawn)), abs=5e-3)
    assert best < best_samples(problems, 0.05, 1.0)[0]
