"""Budgets of answering: what samples cost and solve, and how they are best split, against brute force."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.laws import LAWS
from analysis.laws.resampling import Problems, answered, best_samples
from analysis.plans.test_time import (
    Answer,
    Rates,
    Solver,
    by_budget,
    cost_ratio,
    matched_inference,
    offline_cost,
    paying_queries,
    samples_within,
    saturation,
    seconds,
)
from analysis.plans.test_time_splits import (
    SPAN,
    adaptive_coverage,
    adaptive_samples,
    adaptive_saving,
    mixed_allocation,
    problems_of,
    single_allocations,
    uniform_coverage,
    verification_splits,
    votes,
)

H100 = Rates(989.4e12, 3.35e12)
SMALL = {"n_params": 8e9, "query_heads": 32, "kv_heads": 8, "head_size": 128, "layers": 32}
LARGE = {"n_params": 70e9, "query_heads": 64, "kv_heads": 8, "head_size": 128, "layers": 80}
ANSWER = Answer(500, 500)


@pytest.fixture(scope="module")
def solvers(published) -> list[Solver]:
    """Brown et al.'s two models on MATH."""
    return [
        Solver(name, published("coverage", f"Llama-3-{name}-Instruct MATH"), shape)
        for name, shape in (("8B", SMALL), ("70B", LARGE))
    ]


@pytest.fixture(scope="module")
def on_math(solvers) -> Problems:
    return problems_of(solvers[0].coverage(SPAN), SPAN)[0]


def test_seconds_are_the_equivalent_flops_of_kinetics_over_the_rate():
    price = H100.flops / H100.bandwidth
    x = SMALL | {"samples": 7.0, "prompt_tokens": 500.0, "generated_tokens": 500.0, "cache_bits": 16.0}
    eflops = float(LAWS["kinetics_cost"].evaluate({"I": price}, x))
    assert float(seconds(SMALL, ANSWER, H100, 7.0)) == pytest.approx(eflops / H100.flops, rel=1e-12)


@pytest.mark.parametrize("rates", [H100, Rates(1979e12, 3.35e12, cache_bits=8.0), Rates(989.4e12, 3.35e12, 16.0, 0.1)])
def test_the_samples_that_a_budget_pays_cost_no_more_and_one_more_would(rates):
    budgets = np.geomspace(1e-3, 10, 9)
    count = samples_within(SMALL, ANSWER, rates, budgets)
    assert np.all(seconds(SMALL, ANSWER, rates, count)[count > 0] <= budgets[count > 0] * (1 + 1e-9))
    assert np.all(seconds(SMALL, ANSWER, rates, count + 1) > budgets * (1 - 1e-9))


@pytest.mark.row("R68")
def test_many_samples_of_the_small_model_beat_few_of_the_large_one_until_the_budget_is_large(solvers):
    table = by_budget(solvers, ANSWER, H100, np.geomspace(0.01, 1e3, 60))
    best = table[table["best"]].drop_duplicates("budget_s").set_index("budget_s")["solver"]
    assert best.iloc[0] == "8B"
    assert set(best) == {"8B", "70B"}
    narrow = by_budget(solvers, ANSWER, Rates(1979e12, 3.35e12, cache_bits=8.0), np.array([1.0]))
    wide = by_budget(solvers, ANSWER, H100, np.array([1.0]))
    assert (narrow["samples"].to_numpy() >= 2 * wide["samples"].to_numpy()).all()  # half the cost, twice the samples


@pytest.mark.row("R71")
def test_long_answers_make_attention_outgrow_the_parameters_and_a_sparse_or_narrow_cache_puts_that_off():
    lengths = np.geomspace(100, 1e6, 200)
    passed = {}
    for name, shape, rates in (
        ("small", SMALL, H100),
        ("large", LARGE, H100),
        ("small, sparse", SMALL, Rates(H100.flops, H100.bandwidth, 16.0, 0.1)),
        ("small, 4 bits", SMALL, Rates(H100.flops, H100.bandwidth, 4.0)),
    ):
        cost = np.array([float(seconds(shape, Answer(1, length), rates, 1.0)) for length in lengths])
        parameters = 2 * shape["n_params"] * lengths / rates.flops
        passed[name] = lengths[np.argmax(cost > 2 * parameters)]
    assert passed["small"] < passed["large"]
    assert passed["small"] < passed["small, 4 bits"] < passed["small, sparse"]


@pytest.mark.row("R71")
def test_the_longer_the_answer_the_less_a_small_model_saves_and_a_sparse_cache_gives_some_back():
    ratios = [cost_ratio(LARGE, SMALL, Answer(1, length), H100) for length in (1, 500, 32_768, 1e7)]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] == pytest.approx(70 / 8, rel=0.01)  # of the parameters
    flops = 64 * 128 * 80 / (32 * 128 * 32)
    traffic = 80 / 32
    assert min(flops, traffic) < ratios[-1] < max(flops, traffic)  # of attention and cache
    sparse = [cost_ratio(LARGE, SMALL, Answer(1, 32_768), replace(H100, cache_read=part)) for part in (1, 0.1, 1e-9)]
    assert ratios[2] == sparse[0] < sparse[1] < sparse[2]
    assert sparse[2] == pytest.approx(ratios[0], rel=0.01)


@pytest.mark.row("R70")
def test_doublings_beyond_the_saturation_add_less_and_the_one_before_adds_as_much(solvers):
    for solver in solvers:
        until = saturation(solver, 0.01)
        gains = [float(np.diff(solver.coverage(np.array([k, 2 * k])))[0]) for k in (until / 2, until, 8 * until)]
        assert gains[0] >= 0.01 > max(gains[1:]), (solver.name, until, gains)


@pytest.mark.row("R70")
def test_a_model_14_times_as_large_is_matched_in_flops_by_the_small_one_drawing_more(solvers):
    n, trained, served = 8e9, 1e12, 4e11
    matched = matched_inference(14, trained, served)
    assert 6 * 14 * n * trained + 2 * 14 * n * served == pytest.approx(6 * n * trained + 2 * n * served * matched)
    assert matched_inference(14, trained, 1e20) == pytest.approx(14, rel=1e-6)  # endless serving: only inference counts
    small, large = solvers
    ratio = LARGE["n_params"] / SMALL["n_params"]
    assert float(small.coverage(np.array(matched_inference(ratio, 1e12, 1e12)))) > float(large.coverage(np.array(1.0)))


@pytest.mark.parametrize("name", [0, 1])
def test_a_beta_distribution_of_pass_rates_has_the_coverage_of_the_law(solvers, name):
    problems, off = problems_of(solvers[name].coverage(SPAN), SPAN)
    np.testing.assert_allclose(uniform_coverage(problems, SPAN), solvers[name].coverage(SPAN), atol=0.01)
    assert off < 0.01
    assert problems.shares.sum() == pytest.approx(1.0)


def test_the_adaptive_split_is_the_best_that_a_search_finds():
    problems = Problems(np.array([0.02, 0.2, 0.8]), np.array([0.5, 0.3, 0.2]))
    drawn = adaptive_samples(problems, 8.0)
    assert problems.shares @ drawn == pytest.approx(8.0, rel=1e-9)
    reached = adaptive_coverage(problems, 8.0)
    grid = np.linspace(0, 40, 161)
    hard, middle = np.meshgrid(grid, grid, indexing="ij")
    easy = (8.0 - 0.5 * hard - 0.3 * middle) / 0.2
    solved = 0.5 * (1 - 0.98**hard) + 0.3 * (1 - 0.8**middle) + 0.2 * (1 - 0.2**easy)
    assert reached == pytest.approx(np.max(solved[easy >= 0]), abs=1e-4)
    assert reached > float(uniform_coverage(problems, 8.0)[0])


@pytest.mark.row("R70")
def test_splitting_by_difficulty_needs_some_four_times_fewer_samples_as_published(solvers):
    problems, _ = problems_of(solvers[1].coverage(SPAN), SPAN)
    savings = [adaptive_saving(problems, samples) for samples in (4, 16, 64, 256)]
    assert savings == sorted(savings)
    assert savings[0] > 1.3
    assert savings[-1] > 4  # ttc_optimal_2024-01
    goal = float(uniform_coverage(problems, 64.0)[0])
    assert adaptive_coverage(problems, 64 / savings[2]) == pytest.approx(goal, abs=1e-6)


@pytest.mark.parametrize("count", [1, 5])
def test_a_majority_of_verdicts_is_counted_as_every_outcome_says(count):
    rate = 0.3
    total = sum(
        np.prod([rate if verdict else 1 - rate for verdict in verdicts])
        for verdicts in itertools.product((0, 1), repeat=count)
        if sum(verdicts) > count / 2
    )
    assert float(votes(rate, count)) == pytest.approx(total, rel=1e-12)


@pytest.mark.row("R70")
def test_some_of_the_budget_is_best_spent_on_checks_and_a_larger_one_on_more_of_both(on_math):
    small, large = (verification_splits(on_math, 0.2, 0.9, 1.0, budget) for budget in (32.0, 512.0))
    best = [table[table["best"]].iloc[0] for table in (small, large)]
    assert 0 < best[0]["verifications"] < best[1]["verifications"]
    assert best[1]["solutions"] > best[0]["solutions"] > 1
    assert (small["solutions"] * (1 + small["verifications"]) <= 32).all()
    none = small[small["verifications"] == 0].iloc[0]
    assert none["right"] == pytest.approx(on_math.mean(on_math.pass_rates), rel=1e-9)


def test_a_right_sample_that_is_refused_costs_answers_as_a_simulation_says():
    problems, rng = Problems(np.array([0.3]), np.array([1.0])), np.random.default_rng(3)
    right, wrong = answered(problems, 0.1, np.array([6]), 0.7)
    sampled = rng.random((200_000, 6)) < 0.3
    passed = rng.random((200_000, 6)) < np.where(sampled, 0.7, 0.1)
    first = np.where(passed.any(1), passed.argmax(1), -1)
    is_right = sampled[np.arange(len(first)), first] & (first >= 0)
    np.testing.assert_allclose([right[0], wrong[0]], [is_right.mean(), ((first >= 0) & ~is_right).mean()], atol=4e-3)


@pytest.mark.row("R69")
def test_with_the_default_costs_fewer_than_ten_samples_are_best_and_without_false_positives_there_is_no_ceiling(
    on_math,
):
    best, _ = best_samples(on_math, 0.05, 1.0)
    assert 1 <= best < 10  # inference_flaws_2024-01
    right, _ = answered(on_math, 0.0, SPAN)
    np.testing.assert_allclose(right, uniform_coverage(on_math, SPAN), rtol=1e-9)
    assert answered(on_math, 0.05, np.array([1e6]))[0][0] < 0.7


@pytest.mark.row("R70")
def test_a_mix_of_configurations_solves_what_none_alone_does_and_is_near_the_best_mix():
    rng = np.random.default_rng(0)
    rates = rng.beta(0.2, 1.0, (3, 60)) * (rng.random((3, 60)) < 0.5)
    costs = np.array([1.0, 1.0, 2.0])
    samples, mixed = mixed_allocation(rates, costs, 12.0)
    assert samples @ costs <= 12
    brute = max(
        1 - np.prod((1 - rates) ** np.array(counts)[:, None], axis=0).mean()
        for counts in itertools.product(range(13), range(13), range(7))
        if np.array(counts) @ costs <= 12
    )
    assert single_allocations(rates, costs, 12.0).max() < mixed <= brute + 1e-12
    assert mixed > brute - 0.005
    alone = next(k for k in range(12, 10_000) if single_allocations(rates, costs, float(k)).max() >= mixed)
    assert alone > 3 * 12  # osca_2024 reports 3 to 128 times less compute


def test_thinking_before_the_question_pays_from_the_queries_on_that_a_sum_says():
    pays = paying_queries(2000, 5, 40_000, 10)
    assert offline_cost(2000, 5, 40_000, pays, 10)[0] == pytest.approx(20_000)
    cost, without = offline_cost(2000, 5, 40_000, 10, 10)
    assert without / cost == pytest.approx(2.5)  # sleep_time_2025-04, with ten queries a context
    assert paying_queries(2000, 1, 40_000, 10) == float("inf")


@pytest.mark.row("R70")
def test_the_printed_gains_add_up(data_folder):
    claims = pd.read_csv(data_folder / "claims.csv").set_index("claim_id")["value"].astype(float)
    assert 57.50 + claims["scale_selective_2025-01"] == pytest.approx(claims["scale_selective_2025-02"])
    assert round(100 * (0.75 / 0.69 - 1), 1) == claims["tts_var_2025-01"]
    assert [claims[f"osca_2024-0{i}"] for i in (1, 2, 3)] == [128, 25, 3]
    assert [claims[f"ttc_optimal_2024-0{i}"] for i in (1, 2)] == [4, 14]
    assert claims["genrm_vs_sc_2025-01"] == 8
