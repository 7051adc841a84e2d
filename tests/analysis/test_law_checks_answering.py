"""Laws of sampling, test-time cost and reinforcement learning give the numbers worked out apart from this code."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import curve_fit

from analysis.fits.fitting import fit
from analysis.laws import LAWS


@pytest.fixture(scope="module")
def coverages(data_folder) -> pd.DataFrame:
    table = pd.read_csv(data_folder / "coverage.csv")
    return table[table["metric"] == "coverage"].assign(samples=table["k"], coverage=table["value"])


@pytest.mark.parametrize(
    ("variant", "samples", "coverage"),
    [
        ("Llama-3-8B-Instruct MATH", 1, 0.265),
        ("Llama-3-8B-Instruct MATH", 100, 0.832),
        ("Llama-3-8B-Instruct MATH", 10_000, 0.975),
        ("Llama-3-8B-Instruct CodeContests", 1, 0.021),
        ("Llama-3-8B-Instruct CodeContests", 10_000, 0.245),
    ],
)
def test_the_coverage_pairs_give_these_coverages(variant, samples, coverage, published):
    law, values = LAWS["coverage"], published("coverage", variant)
    assert float(law.evaluate(values, {"samples": samples})) == pytest.approx(coverage, abs=6e-4)
    assert float(law.derive("samples_for", values, {"coverage": coverage})) == pytest.approx(samples, rel=0.06)


def test_the_coverage_of_8b_on_math_is_that_printed_within_a_percent(coverages, published):
    own = coverages[(coverages["model"] == "Llama-3-8B-Instruct") & coverages["task"].str.startswith("MATH (")]
    own = own[~own["approximate"]]
    assert sorted(own["samples"]) == [100, 10_000]
    predicted = LAWS["coverage"].evaluate(published("coverage", "Llama-3-8B-Instruct MATH"), own)
    np.testing.assert_allclose(predicted, own["coverage"], atol=0.01)


def test_a_series_of_five_coverages_bends_more_than_the_form(coverages):
    own = coverages[coverages["task"] == "IFEval-style prompts"]
    assert list(own["samples"]) == [1, 8, 64, 256, 512]
    slope, level = np.polyfit(np.log(own["samples"]), np.log(-np.log(own["coverage"])), 1)
    line = {"a": -math.exp(level), "b": slope}
    assert (round(line["a"], 2), round(line["b"], 3)) == (-2.41, -0.107)
    law, found = LAWS["coverage"], fit(LAWS["coverage"], own, loss="least-squares", draws=0)
    errors = [np.abs(law.evaluate(values, own) - own["coverage"]).max() for values in (line, found.values)]
    assert [round(error, 2) for error in errors] == [0.02, 0.02]
    squares = [((law.evaluate(values, own) - own["coverage"]) ** 2).sum() for values in (line, found.values)]
    assert squares[1] < squares[0]


@pytest.mark.row("R68")
def test_the_curve_through_swe_bench_lite_at_1_and_250_samples_rises_and_stays_below_all():
    a = math.log(0.159)
    values = {"a": a, "b": math.log(math.log(0.56) / a) / math.log(250)}
    curve = LAWS["coverage"].evaluate(values, {"samples": np.array([1, 5, 250, 1e4, 1e6])})
    np.testing.assert_allclose(curve[[0, 2]], [0.159, 0.56], rtol=1e-12)
    assert np.all(np.diff(curve) > 0)
    assert curve[-1] < 1
    assert curve[1] == pytest.approx(0.2962, abs=0.04)  # printed for 5 samples


@pytest.mark.row("R69")
@pytest.mark.parametrize("p", [0.05, 0.3, 0.9])
def test_a_verifier_without_false_positives_has_no_ceiling(p):
    law = LAWS["verifier_ceiling"]
    assert float(law.evaluate({"f": 1e-9}, {"pass_rate": p})) == pytest.approx(1.0, abs=1e-7)
    assert float(law.evaluate({"f": 0.2}, {"pass_rate": p})) == pytest.approx(p / (p + (1 - p) * 0.2), rel=1e-14)
    assert float(law.evaluate({"f": 1.0}, {"pass_rate": p})) == pytest.approx(p, rel=1e-14)


SHAPE = {"query_heads": 32, "kv_heads": 8, "head_size": 128, "layers": 36}


def test_the_cost_of_an_answer_is_the_sum_over_its_tokens(published):
    law, values = LAWS["kinetics_cost"], published("kinetics_cost", "cost_model")
    assert values == {"I": 562.5}
    prompt, answer, trials = 40, 60, 3
    heads, kv = 32 * 128 * 36, 8 * 128 * 36
    flops = memory = 0.0
    for t in range(answer):  # the middle of each token's step: the closed form integrates
        flops += trials * (2 * 8e9 + 4 * (prompt + t + 0.5) * heads)
        memory += (2 * prompt * 2 + trials * 2 * (t + 0.5) * 2) * kv
    x = {"n_params": 8e9, "samples": trials, "prompt_tokens": prompt, "generated_tokens": answer, **SHAPE}
    assert float(law.derive("compute", values, {**x, "cache_bits": 16})) == pytest.approx(flops, rel=1e-12)
    assert float(law.derive("memory", values, {**x, "cache_bits": 16})) == pytest.approx(memory, rel=1e-12)
    assert float(law.evaluate(values, x)) == pytest.approx(flops + 562.5 * memory, rel=1e-12)


@pytest.mark.row("R71")
def test_a_cache_of_4_bits_costs_a_quarter_of_the_memory_and_none_of_the_compute(published):
    law, values = LAWS["kinetics_cost"], published("kinetics_cost", "cost_model")
    x = {"n_params": 8e9, "samples": 1, "prompt_tokens": 1e3, "generated_tokens": 1e4, **SHAPE}
    whole, quarter = (law.derive("memory", values, {**x, "cache_bits": bits}) for bits in (16, 4))
    assert quarter == whole / 4
    assert law.derive("compute", values, {**x, "cache_bits": 4}) == law.derive(
        "compute", values, {**x, "cache_bits": 16}
    )


@pytest.mark.row("R71")
def test_attention_outgrows_the_parameters_sooner_in_small_models(published):
    law, values = LAWS["kinetics_cost"], published("kinetics_cost", "cost_model")
    lengths = np.geomspace(100, 1e6, 200)
    passed = []
    # Qwen3: parameters, heads of queries and of keys and values, layers; heads of 128.
    for params, heads, kv_heads, layers in ((0.6e9, 16, 8, 28), (8e9, 32, 8, 36), (32e9, 64, 8, 64)):
        x = {"n_params": params, "samples": 1, "prompt_tokens": 1.0, "generated_tokens": lengths, "head_size": 128}
        x |= {"query_heads": heads, "kv_heads": kv_heads, "layers": layers, "cache_bits": 16}
        rest = law.evaluate(values, x) - 2 * params * lengths
        passed.append(lengths[np.argmax(rest > 2 * params * lengths)])
    assert passed == sorted(passed)
    assert passed[0] < passed[-1] / 3


def test_tries_saturate_where_the_next_one_adds_less_than_asked_for():
    law, values = LAWS["test_time_saturation"], {"F_max": 0.8, "p": 0.07}
    count = float(law.derive("saturation", values, {"least_gain": 0.002}))
    gains = np.diff(law.evaluate(values, {"samples": np.arange(0.0, 200.0)}))
    assert int(count) == int(np.argmax(gains < 0.002))
    np.testing.assert_allclose(law.derive("marginal_gain", values, {"samples": np.arange(199)}), gains, atol=1e-14)


@pytest.mark.row("R65")
def test_half_of_the_gain_of_reinforcement_learning_is_made_at_c_mid(published):
    law, values = LAWS["rl_sigmoid"], published("rl_sigmoid", "table1_ScaleRL")
    assert values == {"C_mid": 2542.0, "B": 1.92, "A": 0.61}
    x = {"gpu_hours": np.array([2542.0, 1e12]), "start_pass_rate": 0.2}
    np.testing.assert_allclose(law.evaluate(values, x), [0.2 + 0.41 / 2, 0.61], rtol=1e-9)
    reached = {"pass_rate": 0.5, "start_pass_rate": 0.2}
    hours = law.derive("gpu_hours_for", values, reached)
    assert law.evaluate(values, {"gpu_hours": hours, "start_pass_rate": 0.2}) == pytest.approx(0.5, rel=1e-12)


@pytest.mark.row("R65")
def test_the_first_part_of_a_run_predicts_its_end(published):
    # The 8B run of batch 2048: printed A 0.645, C_mid 10,909, B 1.70; noise as between equal runs.
    law, truth = LAWS["rl_sigmoid"], published("rl_sigmoid", "table1_ScaleRL-bs2048")
    rng = np.random.default_rng(0)
    run = pd.DataFrame({"gpu_hours": np.geomspace(1.5e3, 1e5, 120), "start_pass_rate": 0.25})
    run["pass_rate"] = law.evaluate(truth, run) + 0.004 * rng.standard_normal(120)
    first = run[run["gpu_hours"] <= 5e4]
    found = fit(law, first, loss="least-squares", draws=0)
    assert found.predict(run.tail(1))[0] == pytest.approx(float(law.evaluate(truth, run.tail(1))[0]), abs=0.02)
    assert found.values["A"] == pytest.approx(truth["A"], abs=0.02)  # the printed margin

    def sigmoid(c, top, middle, steep):
        return 0.25 + (top - 0.25) / (1 + (middle / c) ** steep)

    peer, _ = curve_fit(sigmoid, first["gpu_hours"], first["pass_rate"], p0=(0.6, 5e3, 1.5))
    np.testing.assert_allclose([found.values[s] for s in ("A", "C_mid", "B")], peer, rtol=1e-4)


@pytest.mark.row("R65")
@pytest.mark.parametrize(
    ("variant", "k32", "k72"),
    [
        ("qwen2.5_base_C_inter", 0.0985, 0.122),
        ("qwen2.5_instruct_C_inter", 0.0765, 0.1035),
        ("qwen2.5_base_C_intra", 0.0957, 0.1142),
        ("qwen2.5_instruct_C_intra", 0.083, 0.1035),
    ],
)
def test_the_exponents_of_32b_and_72b_are_those_of_the_authors_plot(variant, k32, k72, published):
    law, values = LAWS["rl_power"], published("rl_power", variant)
    exponents = law.derive("exponent", values, {"n_params": np.array([32e9, 72e9])})
    np.testing.assert_allclose(exponents, [k32, k72], atol=1e-3)


def test_the_failure_rate_falls_by_the_exponent_whatever_its_start(published):
    law, values = LAWS["rl_power"], published("rl_power", "qwen2.5_base_C_inter")
    x = {"n_params": 32e9, "rl_resource": np.array([1e2, 1e4])}
    plain = law.evaluate(values, x)
    named = law.evaluate(values | {"L_1[mine]": 0.7}, {**x, "model": np.array(["mine", "mine"])})
    np.testing.assert_allclose(named, 0.7 * plain, rtol=1e-13)
    assert plain[1] / plain[0] == pytest.approx(100 ** -float(law.derive("exponent", values, {"n_params": 32e9})))
