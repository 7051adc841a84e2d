"""What the other laws answer: each law's own formula written out, published headlines, and the marks of validity."""

import numpy as np
import pytest

from analysis.laws import get_law
from analysis.plans.added_losses import ADDED, CRITICAL, added_losses, critical_data
from analysis.plans.other_laws import ANSWERERS, best_bits, best_split, losses, outside, sets_of, verdicts

BY_NAME = {answerer.name: answerer for answerer in ANSWERERS}


def written_out(name, v, n, d, bits):
    """The loss of a law after training N parameters on 16 D / bits tokens, from its published formula and values."""
    d = d * 16 / bits
    if name == "quartet":
        eff_n, eff_d = (v["eff_n"], v["eff_d"]) if bits == 4 else (1, 1)
        inner = v["A"] / (n * eff_n) ** v["alpha"] + v["B"] / (d * eff_d) ** v["beta"]
        return inner ** v["gamma"] + v["E"]
    if name == "precision":
        kept = np.prod([1 - np.exp(-bits / v[f"gamma_{x}"] + v[f"n_{x}"]) for x in ("w", "a", "kv")])
        return v["A"] / (n * kept) ** v["alpha"] + v["B"] / d ** v["beta"] + v["E"]
    if name == "fp_quantization":
        splits = [(e, bits - 1 - e) for e in range(int(bits))]
        fine = max(v["gamma"] * (e + 0.5) ** v["delta"] * (m + 0.5) ** v["nu"] for e, m in splits)
        added = d ** v["beta"] / n ** v["alpha"] * 5 / fine
        return v["n"] / n ** v["alpha"] + v["d"] / d ** v["beta"] + v["epsilon"] + added
    loss = v["E"] + v["A"] / n ** v["alpha"] + v["B"] / d ** v["beta"]
    added = v["k"] * d ** v["gamma_D"] * 5 ** v["gamma_G"] / n ** v["gamma_N"]
    return loss + (added if bits == 4 else 0)


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize(("n", "d"), [(2e8, 1e10), (1e9, 1e11), (2e10, 1e12)])
def test_the_losses_of_every_width_are_the_published_formula_written_out(name, n, d, coefficients):
    answerer = BY_NAME[name]
    sets = sets_of(answerer.needs, coefficients)
    v = {symbol: value for own in sets.values() for symbol, value in own.items()}
    expected = [written_out(name, v, n, d, bits) for bits in answerer.widths]
    found = losses(answerer, sets, n, d)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert best_bits(answerer, sets, n, d) == answerer.widths[int(np.argmin(expected))]


def test_the_precision_law_trains_in_more_bits_the_more_data_there_are(coefficients):
    """Kumar et al. 2024, section 4.3.2: with N fixed, the best precision grows with the compute."""
    answerer = BY_NAME["precision"]
    bits = best_bits(answerer, sets_of(answerer.needs, coefficients), 1e9, np.geomspace(1e9, 1e13, 9))
    assert (np.diff(bits) >= 0).all()
    assert bits[0] < bits[-1]


@pytest.mark.parametrize(("bits", "split"), [(4, (2, 1)), (5, (2, 2)), (6, (3, 2)), (8, (4, 3))])
def test_the_best_splits_are_the_published_layouts(bits, split, coefficients):
    """Sun et al. 2025, Figure 15 and abstract: E2M1 for FP4, E2M2 for FP5, E3M2 for FP6, E4M3 for FP8."""
    assert best_split(sets_of(BY_NAME["fp_quantization"].needs, coefficients)["fp_quantization"], bits) == split


def test_the_verdicts_name_every_law_and_say_where_it_extrapolates(coefficients):
    table = verdicts(coefficients, 1e9, 5e10).set_index("law")
    assert list(table.index) == [answerer.title for answerer in ANSWERERS]
    assert (table["gain"] >= 0).all()
    assert table.loc["Sun et al.", "validity"] == "within the runs behind it"
    assert "this is extrapolation" in table.loc["Chen et al.", "validity"]
    far = verdicts(coefficients, 1e12, 1e14).set_index("law")
    assert far.loc[["Kumar et al.", "Sun et al.", "Chen et al."], "validity"].str.contains("extrapolation").all()


def test_a_law_whose_coefficients_are_missing_is_left_out(coefficients):
    rest = coefficients[coefficients["law"] != "precision"]
    assert "Kumar et al." not in set(verdicts(rest, 1e9, 1e11)["law"])
    assert not added_losses(rest, 1e9, np.array([1e11]))["title"].str.startswith("Kumar").any()
    assert verdicts(coefficients.head(0), 1e9, 1e11).empty


@pytest.mark.parametrize("answerer", ANSWERERS, ids=lambda own: own.name)
def test_the_pale_part_of_a_map_is_what_the_law_itself_calls_outside(answerer):
    sizes, tokens = np.array([1e6, 1e8, 1e9, 1e13]), np.array([1e8, 2e10, 2e10, 1e16])
    beyond, _ = outside(answerer, sizes, tokens)
    limits = {limit.column: limit for limit in get_law(answerer.limits).ranges}
    if {"n_params", "n_tokens"} <= limits.keys():
        n, d = limits["n_params"], limits["n_tokens"]
        inside = (n.low <= sizes) & (sizes <= n.high) & (d.low <= tokens) & (tokens <= d.high)
        np.testing.assert_array_equal(beyond, ~inside)


def test_what_four_bits_add_is_each_laws_formula(coefficients):
    """Published check: quantizing 220M parameters on 26B tokens to 4 bits adds 0.054 by Kumar et al."""
    table = added_losses(coefficients, 220e6, np.array([26e9])).set_index("title")["added"]
    assert len(table) == len(ADDED)
    assert table["Kumar et al.: weights to 4 bits after training"] == pytest.approx(0.054, abs=5e-4)
    ouyang = 0.0170 * 26e9**0.5251 / (220e6**0.2261 * 4**5.4967)
    assert table["Ouyang et al.: GPTQ to 4 bits after training"] == pytest.approx(ouyang, rel=1e-9)
    chen = 0.1582 * 26e9**0.0745 * 5**0.7779 / 220e6**0.2186
    assert table["Chen et al.: 4-bit weights and activations in training (QAT)"] == pytest.approx(chen, rel=1e-9)
    sun = 26e9**0.5162 / 220e6**0.2368 * 5 / (11334.5197 * 2.5**3.1926 * 1.5**2.9543)
    assert table["Sun et al.: E2M1 inputs of all products in training"] == pytest.approx(sun, rel=1e-9)


@pytest.mark.parametrize(("n", "three", "four"), [(220e6, 1.1e10, 5.7e10), (1e9, 1.8e10, 9.6e10), (8e9, 3.6e10, 2e11)])
def test_the_critical_data_sizes_are_the_published_ones(n, three, four, coefficients):
    table = critical_data(coefficients, np.array([n])).set_index("title")["n_tokens"]
    assert len(table) == len(CRITICAL)
    found = [table[f"Kumar et al.: weights to {bits} bits after training"] for bits in (3, 4)]
    assert [f"{tokens:.1e}" for tokens in found] == [f"{tokens:.1e}" for tokens in (three, four)]


def test_past_the_critical_data_size_more_data_raise_the_loss(coefficients):
    sets = sets_of(BY_NAME["fp_quantization"].needs, coefficients)
    law, v = get_law("fp_quantization"), sets["fp_quantization"]
    critical = critical_data(coefficients, np.array([1e9])).set_index("title").loc["Sun et al.: trained in E2M1"]
    x = {"n_params": 1e9, "exponent_bits": 2, "mantissa_bits": 1, "block_size": 32}
    below, at, above = law.evaluate(v, {**x, "n_tokens": critical["n_tokens"] * np.array([0.9, 1.0, 1.1])})
    assert at < below
    assert at < above
