"""The best width for a memory, on made-up lines and on the shipped measurements of quality."""

import numpy as np
import pandas as pd
import pytest

from analysis.plans.kbit_frontier import at_budgets, best_at_budgets, frontier, series, total_bits


def measurements(rows, higher=True):
    return pd.DataFrame(rows, columns=["n_params", "weight_bits", "value"]).assign(higher_is_better=higher)


@pytest.fixture(scope="module")
def quality(data_folder) -> pd.DataFrame:
    """The shipped measurements of quality that name a size and a width."""
    table = pd.read_parquet(data_folder / "quality.parquet")
    numbers = {name: pd.to_numeric(table[name]) for name in ("n_params", "weight_bits", "value")}
    table = table.assign(**numbers, higher_is_better=table["higher_is_better"] == "true")
    return table[table["n_params"].notna() & table["weight_bits"].notna()]


@pytest.fixture(scope="module")
def paretoq(quality) -> pd.DataFrame:
    """ParetoQ's own average accuracies over eight tasks."""
    own = quality[(quality["source_id"] == "paretoq_2025") & (quality["method"] == "ParetoQ (QAT)")]
    return own[own["axis"].str.startswith("accuracy_avg, avg_8_tasks")]


@pytest.mark.row("R05")
@pytest.mark.row("R05")
def test_30b_at_8_bits_and_60b_at_4_bits_take_the_same_240_gbit_or_30_gb():
    assert list(total_bits([30e9, 60e9], [8, 4])) == [240e9, 240e9]
    assert total_bits(30e9, 8) / 8 == 30e9


@pytest.mark.row("R06")
def test_a_ternary_3_9b_is_smaller_than_an_fp16_830m():
    assert total_bits(3.9e9, 1.585) == pytest.approx(6.2e9, rel=0.01)
    assert total_bits(830e6, 16) == pytest.approx(13.3e9, rel=0.01)


def test_the_frontier_holds_what_nothing_smaller_reaches():
    rows = [(1e9, 4, 50.0), (2e9, 4, 60.0), (1e9, 8, 55.0), (1e9, 16, 58.0), (4e9, 4, 60.0), (4e9, 2, 59.0)]
    kept = frontier(measurements(rows))
    assert list(zip(kept["n_params"], kept["weight_bits"], strict=True)) == [(1e9, 4), (2e9, 4)]
    worse = frontier(measurements([(n, b, -v) for n, b, v in rows], higher=False))
    assert list(worse["value"]) == [-50.0, -60.0]


def test_lines_are_straight_in_the_log_of_total_bits_and_end_where_the_sizes_do():
    lines = at_budgets(
        measurements([(1e9, 4, 50.0), (4e9, 4, 70.0), (1e9, 8, 40.0)]), np.array([2e9, 4e9, 8e9, 16e9, 3e10])
    )
    assert list(lines["total_bits"]) == [4e9, 8e9, 16e9]
    np.testing.assert_allclose(lines["value"], [50.0, 60.0, 70.0])
    np.testing.assert_allclose(lines["n_params"], [1e9, 2e9, 4e9])
    assert set(lines["weight_bits"]) == {4}


@pytest.mark.parametrize("higher", [True, False])
def test_the_best_width_is_the_one_a_search_over_all_lines_finds(higher):
    rng = np.random.default_rng(3)
    sign = 1 if higher else -1
    rows = [(n, b, sign * (10 * np.log10(n) - 30 / b + rng.normal())) for n in (1e9, 3e9, 9e9) for b in (2, 3, 4, 8)]
    table, budgets = measurements(rows, higher), np.geomspace(1e9, 1e11, 50)
    best = best_at_budgets(table, budgets).set_index("total_bits")["weight_bits"]
    for budget in budgets:
        reached = {}
        for bits in (2, 3, 4, 8):
            size = budget / bits
            if 1e9 <= size <= 9e9:
                own = [(np.log(n), v) for n, b, v in rows if b == bits]
                reached[bits] = np.interp(np.log(size), *zip(*own, strict=True))
        if len(reached) > 1:
            assert best[budget] == max(reached, key=lambda bits: sign * reached[bits]), budget
        else:
            assert budget not in best.index


def test_lines_may_be_told_apart_by_more_than_their_width():
    table = measurements([(1e9, 4, 50.0), (2e9, 4, 52.0), (1e9, 4, 54.0), (2e9, 4, 58.0)])
    table["weight_format"] = ["int4", "int4", "nf4", "nf4"]
    best = best_at_budgets(table, np.array([6e9]), ("weight_bits", "weight_format"))
    assert list(best["weight_format"]) == ["nf4"]


def test_rows_that_cannot_be_compared_are_refused():
    mixed = pd.concat([measurements([(1e9, 4, 50.0)]), measurements([(1e9, 4, 5.0)], higher=False)])
    with pytest.raises(ValueError, match="the rows mix metrics of which more and of which less is better"):
        frontier(mixed)
    with pytest.raises(ValueError, match="there are no measurements to compare"):
        best_at_budgets(measurements([]), np.array([1e9]))


def test_ternary_2_and_3_bits_beat_binary_and_4_bits_for_the_same_memory_as_paretoq_says(paretoq):
    budgets = np.geomspace(paretoq["n_params"].min() * 4, paretoq["n_params"].max() * 1.58, 40)
    best = best_at_budgets(paretoq, budgets)  # every budget here is reached by all of 1.58, 2, 3 and 4 bits
    assert len(best) == len(budgets)
    assert set(best["weight_bits"]) <= {1.58, 2.0, 3.0}


def test_a_ternary_600m_beats_an_earlier_ternary_3b_as_paretoq_says(quality):
    own = quality[(quality["source_id"] == "paretoq_2025") & (quality["weight_bits"] == 1.58)]
    small = own[(own["n_params"] == 6e8) & (own["method"] == "ParetoQ")].set_index("axis")["value"]
    large = own[(own["n_params"] == 3e9) & (own["method"] == "1-bit era")].set_index("axis")["value"]
    average = "accuracy_avg, avg_8_tasks, protocol not stated"
    assert small[average] > large[average], (small[average], large[average])


@pytest.mark.row("R05")
def test_4_bits_beat_16_for_the_same_memory_in_the_perplexities_of_gptq(quality):
    own = quality[(quality["source_id"] == "gptq_2022") & quality["axis"].str.startswith("perplexity, wikitext2")]
    own = own[own["method"].isin(["GPTQ", "baseline"])]
    lines = at_budgets(own, np.geomspace(1e10, 2e12, 60)).pivot(
        index="total_bits", columns="weight_bits", values="value"
    )
    both = lines[[4.0, 16.0]].dropna()
    assert len(both) > 5
    assert (both[4.0] < both[16.0]).all()


def test_a_series_is_one_family_by_one_source_on_one_axis_with_three_sizes_and_widths(quality):
    found = series(quality)
    assert len(found) >= 10
    for name, rows in found.items():
        for column in ("source_id", "axis"):
            assert rows[column].nunique() == 1, name
        assert rows["n_params"].nunique() >= 3, name
        assert rows["weight_bits"].nunique() >= 3, name
    gptq = next(rows for name, rows in found.items() if "(gptq_2022)" in name)
    assert set(gptq["model"]) == {"Llama-1-7B", "Llama-1-13B", "Llama-1-30B", "Llama-1-65B"}
