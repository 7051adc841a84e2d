"""What a user may ask of a fit: weights, a grid of starts, bounds, groups, shared values, progress, an early end."""

import pickle
import tracemalloc

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import huber

from analysis.fits import bootstrap, descent
from analysis.fits.fitting import Status, fit
from analysis.fits.optimum import optimum
from analysis.fits.problem import Problem
from analysis.fits.staged import fit_staged
from analysis.laws import LAWS
from analysis.laws.terms import Terms, on_terms

CHINCHILLA, QUARTET = LAWS["chinchilla"], LAWS["quartet"]


def chinchilla_objective(values, runs, weights, delta=1e-3):
    residuals = np.log(CHINCHILLA.evaluate(values, runs)) - np.log(runs["loss"].to_numpy(float))
    return float(np.sum(weights * huber(delta, residuals)))


# --- weights ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_column", [True, False])
def test_weights_that_are_counts_do_what_repeated_runs_do(chinchilla_runs, as_column):
    counts = np.random.default_rng(0).integers(0, 4, len(chinchilla_runs))
    repeated = chinchilla_runs.loc[np.repeat(chinchilla_runs.index, counts)]
    runs, weights = (chinchilla_runs.assign(w=counts), "w") if as_column else (chinchilla_runs, counts)
    weighted, plain = fit(CHINCHILLA, runs, weights=weights, draws=0), fit(CHINCHILLA, repeated, draws=0)
    assert weighted.objective == pytest.approx(plain.objective, rel=1e-9)
    for name, value in plain.values.items():
        assert weighted.values[name] == pytest.approx(value, rel=1e-4), name


def test_a_weighted_fit_is_the_optimum_of_the_weighted_formula(chinchilla_runs):
    weights = np.sqrt(chinchilla_runs["n_params"] / 1e9).to_numpy()
    found = fit(CHINCHILLA, chinchilla_runs, weights=weights, draws=0)
    assert found.objective == pytest.approx(chinchilla_objective(found.values, chinchilla_runs, weights), rel=1e-12)
    names = list(found.values)

    def scaled(theta):
        values = {name: found.values[name] * np.exp(t) for name, t in zip(names, theta, strict=True)}
        return chinchilla_objective(values, chinchilla_runs, weights) / found.objective

    peer = minimize(scaled, np.full(5, 0.01), method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14})
    assert peer.fun >= 1 - 1e-9


def test_equal_weights_scale_the_objective_and_leave_the_intervals(chinchilla_runs):
    plain = fit(CHINCHILLA, chinchilla_runs, draws=60)
    doubled = fit(CHINCHILLA, chinchilla_runs, weights=np.full(240, 2.0), draws=60)
    assert doubled.objective == pytest.approx(2 * plain.objective, rel=1e-9)
    for name, interval in plain.intervals.items():
        np.testing.assert_allclose(doubled.intervals[name], interval, rtol=1e-3, err_msg=name)


def test_weights_reach_every_stage_of_a_staged_fit(made_up):
    _, runs = made_up(QUARTET, 200, noise=0.01)
    heavy = np.where(np.arange(200) % 2, 1.0, 0.0)
    base, staged = fit_staged(QUARTET, runs, weights=heavy, draws=0)
    half_base, half = fit_staged(QUARTET, runs[heavy > 0], draws=0)
    assert base.values == pytest.approx(half_base.values, rel=1e-4)
    assert staged.values == pytest.approx(half.values, rel=1e-4)


def test_runs_of_weight_zero_do_not_count_as_runs(made_up):
    _, runs = made_up(CHINCHILLA, 30)
    found = fit(CHINCHILLA, runs, weights=np.arange(30) < 5)
    assert found.status is Status.TOO_FEW_RUNS
    assert found.advice.startswith("5 runs for 5 free parameters. ")


BAD_WEIGHTS = {
    "unknown column": ("tokens", "the runs have no column 'tokens' to take weights from"),
    "too few": ([1.0, 2.0], "2 weights for 12 runs; give one per run"),
    "negative": (np.r_[np.ones(11), -1.0], "row 11: the weight is -1.0; write a finite number from 0 on"),
    "missing": (np.r_[np.nan, np.ones(11)], "row 0: the weight is missing; "),
    "words": ("words", "row 0: the weight is 'much'; "),
}


@pytest.mark.parametrize("case", BAD_WEIGHTS)
def test_weights_that_cannot_be_used_are_named(case, made_up):
    weights, sentence = BAD_WEIGHTS[case]
    _, runs = made_up(CHINCHILLA, 12)
    with pytest.raises(ValueError) as error:
        fit(CHINCHILLA, runs.assign(words="much"), weights=weights)
    assert sentence in str(error.value)


def test_a_weighted_fit_is_not_examined_as_if_weights_were_variances(chinchilla_runs):
    found = fit(CHINCHILLA, chinchilla_runs, weights=np.ones(240), draws=0)
    with pytest.raises(ValueError, match="weights say how much a run counts, not how noisy it is"):
        optimum(found, chinchilla_runs)


# --- a grid of starts ------------------------------------------------------------------------------------------------


def test_a_grid_of_starts_reaches_the_optimum_without_luck(chinchilla_runs):
    grid = {"E": [0.5, 1, 2], "A": np.exp([0, 5, 10, 15]), "B": np.exp([0, 5, 10, 15]), "alpha": [0, 0.5, 1]}
    first, second = (fit(CHINCHILLA, chinchilla_runs, grid=grid, draws=0, seed=seed) for seed in (1, 2))
    assert first.objective == pytest.approx(0.00101827401780, rel=1e-9)
    assert first.values == second.values


def test_an_empty_grid_is_that_of_the_law(quartet_base_runs):
    found = fit(QUARTET, quartet_base_runs, delta=1e-4, grid={}, draws=0)
    assert found.objective == pytest.approx(1.820753e-6, rel=1e-6)


def test_all_groups_of_a_symbol_start_alike(quartet_runs):
    problem = Problem(QUARTET, quartet_runs, {}, logs=True)
    starts = problem.values(problem.grid({"gamma": [0.3], "eff_n": [0.3, 0.7], "eff_d": [0.5]}))
    assert len(starts) == 4 * 3**4 * 2
    forward = [name.startswith("eff_n[") for name in problem.names]
    assert {tuple(np.unique(np.round(row[forward], 12))) for row in starts} == {(0.3,), (0.7,)}


BAD_GRIDS = {
    "unknown": ({"kappa": [1.0]}, "the grid has kappa, which is not free; free are E, A, B, alpha, beta"),
    "empty": ({"E": []}, "the grid of E is []; write one or more finite numbers"),
    "not finite": ({"E": [1.0, np.inf]}, "the grid of E is "),
    "too many": ({"E": np.linspace(1, 2, 1000)}, "the grid has 144000 starts; at most 100000 are tried"),
}


@pytest.mark.parametrize("case", BAD_GRIDS)
def test_a_grid_that_cannot_be_used_is_named(case, chinchilla_runs):
    grid, sentence = BAD_GRIDS[case]
    with pytest.raises(ValueError) as error:
        fit(CHINCHILLA, chinchilla_runs, grid=grid)
    assert sentence in str(error.value)


# --- terms: bounds, groups, shared values ----------------------------------------------------------------------------


def test_a_bound_that_the_user_sets_is_kept_and_said_to_be_reached(chinchilla_runs):
    law = on_terms(CHINCHILLA, Terms(bounds={"alpha": (0.4, 0.6)}))
    found = fit(law, chinchilla_runs, draws=20)
    assert found.values["alpha"] == pytest.approx(0.4)
    assert found.status is Status.AT_BOUND
    assert found.advice.startswith("alpha")
    assert min(found.draws.values["alpha"]) >= 0.4 * (1 - 1e-12)
    held = fit(CHINCHILLA, chinchilla_runs, fixed={"alpha": 0.4}, draws=0)
    assert found.objective == pytest.approx(held.objective, rel=1e-9)
    with pytest.raises(ValueError, match=r"alpha=0\.3 is outside its bounds; write a value from 0\.4 to 0\.6"):
        fit(law, chinchilla_runs, fixed={"alpha": 0.3})


def test_bounds_around_the_optimum_change_nothing(chinchilla_runs):
    free = fit(CHINCHILLA, chinchilla_runs, draws=0)
    loose = on_terms(CHINCHILLA, Terms(bounds={name: (value / 3, value * 3) for name, value in free.values.items()}))
    assert fit(loose, chinchilla_runs, draws=0).objective == pytest.approx(free.objective, rel=1e-9)


def families(made_up, noise=0.0):
    """Chinchilla runs of two families that differ in E alone, and the truth."""
    truth, runs = made_up(CHINCHILLA, 120, noise=noise)
    runs["family"] = np.where(np.arange(120) % 3, "llama", "pythia")
    shift = np.where(runs["family"] == "llama", 0.0, 0.4)
    return truth, runs.assign(loss=runs["loss"] + shift)


def test_a_value_per_group_is_recovered_with_the_rest_shared(made_up):
    truth, runs = families(made_up)
    found = fit(on_terms(CHINCHILLA, Terms(per={"E": "family"})), runs, draws=0)
    assert set(found.free) == {"E[llama]", "E[pythia]", "A", "B", "alpha", "beta"}
    assert found.values["E[llama]"] == pytest.approx(truth["E"], rel=1e-3)
    assert found.values["E[pythia]"] == pytest.approx(truth["E"] + 0.4, rel=1e-3)
    assert found.values["alpha"] == pytest.approx(truth["alpha"], rel=1e-3)
    np.testing.assert_allclose(found.predict(runs), runs["loss"], rtol=1e-6)


def test_groups_fitted_jointly_lower_the_objective_that_one_value_for_all_leaves(made_up):
    _, runs = families(made_up, noise=0.005)
    one = fit(CHINCHILLA, runs, draws=0)
    many = fit(on_terms(CHINCHILLA, Terms(per={"E": "family"})), runs, draws=30)
    assert many.objective < 0.5 * one.objective
    assert set(many.intervals) == set(many.free)
    assert many.draws.predict(runs).shape == (30, 120)


def test_one_value_of_the_groups_may_be_fixed(made_up):
    truth, runs = families(made_up)
    found = fit(on_terms(CHINCHILLA, Terms(per={"E": "family"})), runs, fixed={"E[llama]": truth["E"]}, draws=0)
    assert "E[llama]" not in found.free
    assert found.values["E[pythia]"] == pytest.approx(truth["E"] + 0.4, rel=1e-3)


def test_a_run_without_its_group_is_named_and_predictions_need_the_column(made_up):
    _, runs = families(made_up)
    law = on_terms(CHINCHILLA, Terms(per={"E": "family"}))
    unnamed = runs.copy()
    unnamed.loc[7, "family"] = None
    with pytest.raises(ValueError, match="row 7: family is missing; E has one value for each family"):
        fit(law, unnamed)
    with pytest.raises(ValueError, match="the runs have no column 'family'; E has one value for each of its values"):
        fit(law, runs.drop(columns="family"))
    found = fit(law, runs, draws=2)
    for predict in (found.predict, found.draws.predict):
        with pytest.raises(ValueError, match="family"):
            predict(unnamed)


def test_a_shared_factor_is_one_value_for_every_group_but_the_baseline(made_up):
    truth, runs = made_up(QUARTET, 200)
    same = {name: 0.5 if name.startswith("eff_n") else value for name, value in truth.items()}
    runs = runs.assign(loss=QUARTET.evaluate(same, runs))
    found = fit(on_terms(QUARTET, Terms(shared=("eff_n",))), runs, draws=0)
    assert {name for name in found.free if name.startswith("eff_n")} == {"eff_n"}
    assert found.values["eff_n"] == pytest.approx(0.5, rel=1e-3)
    np.testing.assert_allclose(found.predict(runs), runs["loss"], rtol=1e-6)
    _, staged = fit_staged(on_terms(QUARTET, Terms(shared=("eff_n",))), runs, draws=0)
    assert staged.values["eff_n"] == pytest.approx(0.5, rel=1e-3)


BAD_TERMS = {
    "unknown bounds": (Terms(bounds={"kappa": (0, 1)}), "law chinchilla has no parameter 'kappa'"),
    "backward": (Terms(bounds={"E": (2, 1)}), "the bounds of E are 2 to 1; write two finite numbers, the lower first"),
    "endless": (Terms(bounds={"E": (1, np.inf)}), "the bounds of E are 1 to inf; "),
    "wrong sign": (Terms(bounds={"E": (0, 1)}), "the bounds of E are 0 to 1; both must lie above 0"),
    "shared without groups": (Terms(shared=("E",)), "E has one value for all runs already"),
    "shared and per": (Terms(shared=("E",), per={"E": "family"}), "E has one value for all runs already"),
}


@pytest.mark.parametrize("case", BAD_TERMS)
def test_terms_that_make_no_sense_are_said(case):
    terms, sentence = BAD_TERMS[case]
    with pytest.raises(ValueError) as error:
        on_terms(CHINCHILLA, terms)
    assert sentence in str(error.value)


def test_a_grouped_parameter_takes_no_other_column():
    with pytest.raises(ValueError, match="eff_n has one value per forward_format already"):
        on_terms(QUARTET, Terms(per={"eff_n": "family"}))


def test_a_law_on_terms_travels_between_processes_with_them():
    law = on_terms(CHINCHILLA, Terms(bounds={"alpha": (0.2, 0.6)}, per={"E": "family"}))
    assert pickle.loads(pickle.dumps(law)) == law
    assert on_terms(CHINCHILLA, Terms()) is CHINCHILLA


# --- progress and an early end ---------------------------------------------------------------------------------------


def test_progress_rises_through_both_stages(chinchilla_runs, monkeypatch):
    monkeypatch.setattr(bootstrap, "HELD_COUNTS", 240 * 40)
    seen = []
    fit(CHINCHILLA, chinchilla_runs, draws=100, on_progress=lambda stage, share: seen.append((stage, share)))
    assert list(dict.fromkeys(stage for stage, _ in seen)) == ["starts", "bootstrap"]
    for stage in ("starts", "bootstrap"):
        shares = [share for name, share in seen if name == stage]
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("stage", ["starts", "bootstrap"])
def test_a_fit_that_is_no_longer_wanted_ends_as_cancelled(chinchilla_runs, stage):
    stages = []
    found = fit(
        CHINCHILLA,
        chinchilla_runs,
        draws=100,
        on_progress=lambda name, share: stages.append(name),
        cancelled=lambda: stage in stages,
    )
    assert found.status is Status.CANCELLED
    assert found.advice == Status.CANCELLED.value
    assert (found.values, found.draws, found.ended) == ({}, None, False)
    assert stages[-1] == stage


def test_a_cancelled_stage_ends_a_staged_fit(made_up):
    _, runs = made_up(QUARTET, 120, noise=0.01)
    base, staged = fit_staged(QUARTET, runs, draws=0, cancelled=lambda: True)
    assert base is staged
    assert staged.status is Status.CANCELLED


def test_resamples_cut_into_pieces_are_the_resamples_taken_at_once(chinchilla_runs, monkeypatch):
    whole = fit(CHINCHILLA, chinchilla_runs, draws=50)
    monkeypatch.setattr(bootstrap, "HELD_COUNTS", 240 * 7)
    parts = fit(CHINCHILLA, chinchilla_runs, draws=50)
    for name, numbers in whole.draws.values.items():
        np.testing.assert_array_equal(parts.draws.values[name], numbers)


def test_the_memory_of_many_starts_and_resamples_is_bounded(made_up, monkeypatch):
    _, runs = made_up(CHINCHILLA, 30, noise=0.001)
    monkeypatch.setattr(descent, "HELD_NUMBERS", 20_000)
    monkeypatch.setattr(bootstrap, "HELD_COUNTS", 30 * 200)
    peaks = []
    for count in (400, 1600):
        tracemalloc.start()
        fit(CHINCHILLA, runs, starts=count, draws=count)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    grown = 1200 * 5 * 8 * 6  # the starts and draws themselves, several times over, and nothing per run
    assert peaks[1] - peaks[0] < grown, peaks
