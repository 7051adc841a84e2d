"""Laws side by side, what their residuals hold, what they owe to single runs: on runs whose law is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.fits.fitting import fit
from analysis.laws import LAWS
from analysis.laws.feeding import constant, fed, missing, why_not
from analysis.trust.compare import as_table, common_cut, compare, recommendation
from analysis.trust.holdout import FAR, holdout, rolling, size_of, warning
from analysis.trust.influence import influence, most_influential
from analysis.trust.residuals import findings, sign_runs, structure

CHINCHILLA, QUARTET = LAWS["chinchilla"], LAWS["quartet"]
TRUTH = {"E": 1.8, "A": 480.0, "B": 2100.0, "alpha": 0.35, "beta": 0.37}


@pytest.fixture(scope="module")
def chinchilla_like() -> pd.DataFrame:
    """80 runs of a Chinchilla law, 0.2% noise."""
    rng = np.random.default_rng(2)
    runs = pd.DataFrame({"n_params": 10 ** rng.uniform(7.5, 9.5, 80), "n_tokens": 10 ** rng.uniform(9, 11, 80)})
    return runs.assign(loss=CHINCHILLA.evaluate(TRUTH, runs) * np.exp(0.002 * rng.standard_normal(80)))


@pytest.fixture(scope="module")
def rivals(chinchilla_like):
    return compare([LAWS[name] for name in ("kaplan_n", "kaplan_joint", "chinchilla")], chinchilla_like, delta=0.01)


def test_the_law_that_made_the_runs_comes_first_and_is_recommended(rivals, chinchilla_like):
    table = as_table(rivals)
    assert table["law"][0] == "chinchilla"
    assert table.loc[table["law"] == "chinchilla", "aicc_above"].item() == 0
    assert (table.loc[table["law"] != "chinchilla", "aicc_above"] > 10).all()
    assert recommendation(rivals, chinchilla_like).startswith("Take **chinchilla**: fitted below the cut")


def test_each_row_of_the_table_is_a_fit_and_a_hold_out_done_by_hand(rivals, chinchilla_like):
    cut = common_cut(rivals)
    for row in as_table(rivals).to_dict("records"):
        law = LAWS[row["law"]]
        _, held = holdout(law, chinchilla_like, cut, delta=0.01, draws=0)
        assert row["held_out"] == pytest.approx(held["rms_relative_error"])
        whole = fit(law, chinchilla_like, delta=0.01, draws=0)
        relative = whole.predict(chinchilla_like) / chinchilla_like["loss"] - 1
        assert row["rms_relative_error"] == pytest.approx(np.sqrt(np.mean(relative**2)))
        assert row["reach"] == pytest.approx(size_of(law, chinchilla_like).max() / cut)


def test_only_the_wrong_law_leaves_structure_in_its_residuals(rivals):
    left = dict(zip(as_table(rivals)["law"], as_table(rivals)["left_over"], strict=True))
    assert left["chinchilla"] == ""
    assert left["kaplan_n"].startswith("a trend along training compute C (chance ")


def test_laws_that_predict_different_columns_are_not_compared(chinchilla_like):
    with pytest.raises(ValueError, match="cannot be compared"):
        compare([CHINCHILLA, LAWS["ptq_degradation"]], chinchilla_like)


def test_progress_is_told_law_by_law(chinchilla_like):
    told = []
    laws = [LAWS["kaplan_n"], LAWS["kaplan_d"]]
    compare(laws, chinchilla_like, on_progress=lambda stage, share: told.append((stage, share)))
    assert told == [("kaplan_n", 0.0), ("kaplan_d", 0.5)]


def test_rolling_cuts_grow_and_each_is_a_hold_out(chinchilla_like):
    table = rolling(CHINCHILLA, chinchilla_like, draws=0)
    assert table["cut"].is_monotonic_increasing
    assert table["n_below"].is_monotonic_increasing
    assert (table["n_below"] + table["n_runs"] == len(chinchilla_like)).all()
    size = size_of(CHINCHILLA, chinchilla_like)
    for row in table.to_dict("records"):
        found, held = holdout(CHINCHILLA, chinchilla_like, row["cut"], draws=0)
        assert row["rms_relative_error"] == held["rms_relative_error"]
        far = chinchilla_like[(size > max(row["cut"], size.max() / 3)).to_numpy()]
        relative = found.predict(far) / far["loss"] - 1
        assert row["far_runs"] == len(far)
        assert row["far_relative_error"] == pytest.approx(np.sqrt(np.mean(relative**2)))


def test_too_few_runs_to_roll_a_cut_give_an_empty_table(chinchilla_like):
    assert rolling(CHINCHILLA, chinchilla_like.head(6), draws=0).empty


def test_extrapolation_beyond_ten_times_is_warned_of_with_the_measured_error(chinchilla_like):
    measured = rolling(CHINCHILLA, chinchilla_like, draws=0)
    assert warning(FAR, measured) == ""
    said = warning(1e6, measured)
    furthest = measured.loc[measured["reach"].idxmax()]
    assert "1e+06 times the compute of the largest run" in said
    assert f"missed by {100 * furthest['far_relative_error']:.2g}%; expect more here" in said
    within = warning(11, measured)
    assert "As long a step" in within
    assert not within.endswith("expect more here.")
    assert "too few runs to hold some out" in warning(50, measured.head(0))


def test_laws_without_compute_are_held_out_by_their_own_first_number():
    rng = np.random.default_rng(0)
    law = LAWS["kaplan_n"]
    runs = pd.DataFrame({"n_params": 10 ** rng.uniform(7, 10, 20)})
    runs["loss"] = law.evaluate({"N_c": 8.8e13, "alpha_N": 0.076}, runs)
    assert size_of(law, runs).name == "n_params"
    _, held = holdout(law, runs, 1e9, draws=0)
    assert held["above_n_params"] == 1e9
    assert held["max_relative_error"] < 1e-6


@pytest.mark.parametrize(("signs", "counted"), [("++++----", 2), ("+-+-+-+-", 8), ("++--++--", 4)])
def test_sign_runs_are_counted_and_judged_as_by_enumeration(signs, counted):
    """All orders of four pluses and four minuses: the exact chance of so few runs."""
    from itertools import combinations

    ordered = np.array([1.0 if sign == "+" else -1.0 for sign in signs])
    found, expected, chance = sign_runs(ordered)
    counts = []
    for places in combinations(range(8), 4):
        order = np.isin(np.arange(8), places)
        counts.append(1 + int(np.sum(order[1:] != order[:-1])))
    assert found == counted
    assert expected == pytest.approx(np.mean(counts))
    assert chance == pytest.approx(np.mean(np.array(counts) <= counted), abs=0.03)


def test_structure_names_what_was_put_in(chinchilla_like):
    rng = np.random.default_rng(1)
    noise = 0.001 * rng.standard_normal(80)
    assert findings(structure(CHINCHILLA, chinchilla_like, noise)) == []
    tilted = noise + 0.004 * np.log10(chinchilla_like["n_tokens"])
    table = structure(CHINCHILLA, chinchilla_like, tilted).set_index("along")
    assert "a trend along training tokens D" in findings(table.reset_index())[0]
    line = stats.linregress(np.log10(chinchilla_like["n_tokens"]), tilted)
    assert table.loc["n_tokens", "slope_per_decade"] == pytest.approx(line.slope)


def test_leaving_one_out_is_a_refit_without_it(chinchilla_like):
    found = fit(CHINCHILLA, chinchilla_like, delta=0.01, draws=0)
    point = pd.DataFrame({"n_params": [1e11], "n_tokens": [1e12]})
    table = influence(found, chinchilla_like, point)
    row = most_influential(table, float(found.predict(point)[0]))
    without = fit(CHINCHILLA, chinchilla_like.drop(index=row["left_out"]), delta=0.01, draws=0)
    assert row["prediction"] == pytest.approx(float(without.predict(point)[0]), rel=1e-6)
    assert row["E"] == pytest.approx(without.values["E"], rel=1e-4)
    largest = table[table["left_out"] == "largest 10%"].iloc[0]
    size = size_of(CHINCHILLA, chinchilla_like)
    rest = chinchilla_like.drop(index=size.nlargest(8).index)
    assert largest["n_left_out"] == 8
    assert largest["B"] == pytest.approx(fit(CHINCHILLA, rest, delta=0.01, draws=0).values["B"], rel=1e-3)


def test_a_run_that_is_off_is_the_most_influential(chinchilla_like):
    spoiled = chinchilla_like.copy()
    spoiled.loc[17, "loss"] *= 1.2
    found = fit(CHINCHILLA, spoiled, loss="least-squares", draws=0)
    table = influence(found, spoiled)
    at = float(found.predict(spoiled.loc[[size_of(CHINCHILLA, spoiled).idxmax()]])[0])
    assert most_influential(table, at)["left_out"] == 17


def test_what_runs_lack_for_a_law_is_said_in_words(chinchilla_like):
    assert why_not(CHINCHILLA, chinchilla_like) == ""
    assert missing(LAWS["ptq_degradation"], chinchilla_like) == ("post_bits", "loss_increase")
    assert "weight bits after training (post_bits)" in why_not(LAWS["ptq_degradation"], chinchilla_like)
    one_size = chinchilla_like.assign(n_params=1e9)
    assert constant(CHINCHILLA, one_size) == ("n_params",)
    assert why_not(CHINCHILLA, one_size) == "needs runs that differ in model parameters N (n_params)"
    assert missing(CHINCHILLA, chinchilla_like.assign(n_tokens=[np.nan, *chinchilla_like["n_tokens"][1:]])) == (
        "n_tokens",
    )


@pytest.mark.parametrize("name", LAWS)
def test_runs_made_for_a_law_feed_it(made_up, name):
    _, runs = made_up(LAWS[name], 30)
    assert missing(LAWS[name], runs) == ()
    assert LAWS[name] in fed(LAWS.values(), runs) or constant(LAWS[name], runs)
