"""What a fit promises for any law: it recovers the truth, says when it cannot, and repeats itself."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import least_squares

from analysis.fits.fitting import LOSSES, NOTHING_FREE, UNEXAMINED, Status, fit
from analysis.laws import LAWS

CHINCHILLA, QUARTET = LAWS["chinchilla"], LAWS["quartet"]
each_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


@each_law
@pytest.mark.parametrize("loss", LOSSES)
def test_every_law_is_recovered_from_runs_without_noise(law, loss, made_up):
    truth, runs = made_up(law, 80)
    found = fit(law, runs, loss=loss, draws=0)
    assert set(found.values) == set(truth)
    np.testing.assert_allclose(found.predict(runs), runs[law.target], rtol=1e-6)
    for name in sorted(set(truth) - set(found.blind)):
        assert found.values[name] == pytest.approx(truth[name], rel=1e-3), name


@each_law
def test_every_law_keeps_the_symbols_that_are_fixed(law, made_up):
    truth, runs = made_up(law, 60, noise=0.01)
    constants = law.constants({})
    kept = {name: truth[name] * 1.05 for name in [name for name in truth if name not in constants][1::2]}
    found = fit(law, runs, fixed=kept, draws=20)
    assert {name: found.values[name] for name in kept} == kept
    assert {name: found.values[name] for name in constants} == constants
    assert set(found.free) == set(truth) - set(kept) - set(constants)
    assert set(found.intervals) <= set(found.free)
    for name, value in kept.items():
        assert set(found.draws.values[name]) == {value}


@each_law
def test_every_law_says_how_many_runs_it_lacks(law, made_up):
    count = sum(param.per is None and param.default is None for param in law.params)
    _, runs = made_up(law, count)
    found = fit(law, runs)
    assert found.status is Status.TOO_FEW_RUNS
    assert found.advice.startswith(f"{count} runs for {len(found.free)} free parameters.")
    assert Status.TOO_FEW_RUNS.value in found.advice
    assert found.values == law.constants({})
    assert set(found.seconds) == {"fit", "bootstrap"}


def test_as_many_runs_as_free_parameters_are_too_few_and_one_more_is_enough(made_up):
    _, runs = made_up(CHINCHILLA, 6, noise=0.01)
    assert fit(CHINCHILLA, runs.head(5)).status is Status.TOO_FEW_RUNS
    assert fit(CHINCHILLA, runs, draws=0).status is not Status.TOO_FEW_RUNS
    assert fit(CHINCHILLA, runs.head(5), fixed={"E": 1.1}, draws=0).status is not Status.TOO_FEW_RUNS


def test_a_law_with_everything_fixed_is_only_evaluated(made_up):
    truth, runs = made_up(CHINCHILLA, 4)
    found = fit(CHINCHILLA, runs, fixed=truth)
    assert (found.objective, found.values, found.free) == (pytest.approx(0.0, abs=1e-25), truth, ())
    assert found.advice == NOTHING_FREE


def test_losses_that_no_size_improves_put_an_exponent_at_its_bound(made_up):
    _, runs = made_up(CHINCHILLA, 60)
    rising = runs.assign(loss=3.0 * (runs["n_params"] / 1e8) ** 0.05)
    found = fit(CHINCHILLA, rising, draws=50)
    assert found.status is Status.AT_BOUND
    assert Status.AT_BOUND.value in found.advice
    named = found.advice.split(":")[0].split(", ")
    bounds = {param.symbol: param.bounds for param in CHINCHILLA.params}
    for name in named:
        low, high = np.log(bounds[name])
        assert min(abs(np.log(found.values[name]) - low), abs(np.log(found.values[name]) - high)) < 2e-3, name


def test_runs_of_one_size_leave_the_size_parameters_unidentified(made_up):
    _, runs = made_up(CHINCHILLA, 60, noise=0.005)
    one_size = runs.assign(n_params=1e8)
    found = fit(CHINCHILLA, one_size.assign(loss=1.5 + 3e3 / one_size["n_tokens"] ** 0.4), draws=50)
    assert found.status is Status.NOT_IDENTIFIED
    assert {"E", "A", "alpha"} <= set(found.blind), found.blind
    assert {"A", "alpha"} <= set(found.advice.split(":")[0].split(", "))
    assert "add runs that vary what the law reads separately" in found.advice
    assert found.intervals["A"] == (1e-9, 1e15)


def test_many_clean_runs_identify_every_parameter(made_up):
    _, runs = made_up(CHINCHILLA, 300, noise=0.001)
    found = fit(CHINCHILLA, runs)
    assert found.status is Status.CONVERGED, found.advice
    assert found.advice == Status.CONVERGED.value
    assert set(found.intervals) == set(found.free)


def test_a_fit_without_draws_does_not_claim_that_the_runs_pin_it_down(chinchilla_runs):
    found = fit(CHINCHILLA, chinchilla_runs, draws=0)
    assert (found.intervals, found.draws) == ({}, None)
    assert found.advice == UNEXAMINED


@each_law
def test_the_same_seed_gives_the_same_fit_and_another_seed_other_draws(law, made_up):
    _, runs = made_up(law, 60, noise=0.01)
    first, second, other = (fit(law, runs, draws=3, starts=3, seed=seed) for seed in (3, 3, 4))
    assert first.values == second.values
    assert first.intervals == second.intervals
    assert first.intervals != other.intervals


def test_rows_in_another_order_give_the_same_optimum(chinchilla_runs):
    first = fit(CHINCHILLA, chinchilla_runs, draws=0)
    second = fit(CHINCHILLA, chinchilla_runs.sample(frac=1, random_state=0), draws=0)
    assert second.objective == pytest.approx(first.objective, rel=1e-9)


@pytest.mark.parametrize("loss", ["huber", "least-squares"])
def test_losses_on_plain_residuals_end_where_scipy_ends(chinchilla_runs, loss):
    found = fit(CHINCHILLA, chinchilla_runs, loss=loss, draws=0)
    names = list(found.values)

    def residuals(theta):
        return (
            CHINCHILLA.evaluate(dict(zip(names, np.exp(theta), strict=True)), chinchilla_runs) - chinchilla_runs["loss"]
        )

    start = np.log(list(found.values.values()))
    options = {"loss": "huber", "f_scale": 1e-3} if loss == "huber" else {}
    assert found.objective == pytest.approx(least_squares(residuals, start, max_nfev=1, **options).cost, rel=1e-9)
    away = least_squares(residuals, start + 0.1, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=5000, **options)
    assert found.objective <= away.cost * (1 + 1e-9), (found.objective, away.cost)


def test_the_default_delta_is_that_of_the_chinchilla_paper(chinchilla_runs):
    found = fit(CHINCHILLA, chinchilla_runs, draws=0)
    assert (found.loss, found.delta) == ("log-huber", 1e-3)
    assert found.objective == fit(CHINCHILLA, chinchilla_runs, delta=1e-3, draws=0).objective


BAD_RUNS = {
    "missing column": (lambda runs: runs.drop(columns="n_tokens"), "no column 'n_tokens'; law chinchilla needs"),
    "missing loss": (lambda runs: runs.drop(columns="loss"), "no column 'loss'"),
    "NaN": (lambda runs: put(runs, "n_params", np.nan), "row 3: n_params is missing; write a finite number above 0"),
    "negative": (lambda runs: put(runs, "loss", -1.0), "row 3: loss is -1.0; write a finite number above 0"),
    "zero": (lambda runs: put(runs, "n_tokens", 0.0), "row 3: n_tokens is 0.0; "),
    "infinite": (lambda runs: put(runs, "loss", np.inf), "row 3: loss is inf; "),
    "text": (lambda runs: put(runs.astype(object), "n_tokens", "20B tok"), "row 3: n_tokens is '20B tok'; "),
}


def put(runs, column, value):
    runs = runs.copy()
    runs.loc[3, column] = value
    return runs


@pytest.mark.parametrize("case", BAD_RUNS)
def test_a_run_that_no_fit_can_use_is_named(case, made_up):
    spoil, sentence = BAD_RUNS[case]
    _, runs = made_up(CHINCHILLA, 10)
    with pytest.raises(ValueError) as error:
        fit(CHINCHILLA, spoil(runs))
    assert sentence in str(error.value)


def test_numbers_written_as_text_are_numbers(chinchilla_runs):
    columns = ["n_params", "n_tokens", "loss"]
    words = chinchilla_runs[columns].map(repr).astype(object)
    assert fit(CHINCHILLA, words, draws=0).values == fit(CHINCHILLA, chinchilla_runs[columns], draws=0).values


def test_formats_given_as_numbers_are_groups_too(made_up):
    truth, runs = made_up(QUARTET, 80)
    renamed = {"q4": 4, "q3": 3}
    numbered = runs.assign(forward_format=[renamed.get(name) for name in runs["forward_format"]])
    found = fit(QUARTET, numbered.astype({"forward_format": object}), draws=0)
    own = {name for name in found.free if name.startswith("eff_n")}
    assert own in ({"eff_n[3]", "eff_n[4]"}, {"eff_n[3.0]", "eff_n[4.0]"})
    first = min(own)
    assert found.values[first] == pytest.approx(truth["eff_n[q3]"], rel=1e-3)


BAD_CALLS = {
    "unknown symbol": ({"fixed": {"gamma": 1.0}}, "law chinchilla has no parameter 'gamma'; it has E, A, B, alpha"),
    "group of a plain symbol": ({"fixed": {"A[x]": 1.0}}, "law chinchilla has no parameter 'A[x]'"),
    "out of bounds": ({"fixed": {"alpha": 7.0}}, "alpha=7 is outside its bounds; write a value from 0.0001 to 5"),
    "not a number": ({"fixed": {"alpha": float("nan")}}, "alpha=nan is outside its bounds"),
    "unknown loss": ({"loss": "mse"}, "unknown loss 'mse'; write log-huber, huber, least-squares"),
    "delta of zero": ({"delta": 0.0}, "delta is 0; write a finite number above 0"),
    "delta without Huber": ({"loss": "least-squares", "delta": 0.1}, "least-squares has no delta; leave it out"),
}


@pytest.mark.parametrize("case", BAD_CALLS)
def test_a_call_that_makes_no_sense_is_refused(case, made_up):
    options, sentence = BAD_CALLS[case]
    _, runs = made_up(CHINCHILLA, 10)
    with pytest.raises(ValueError) as error:
        fit(CHINCHILLA, runs, **options)
    assert sentence in str(error.value)


def test_a_fit_does_not_change_its_runs(chinchilla_runs):
    before = chinchilla_runs.copy()
    fit(CHINCHILLA, chinchilla_runs, draws=5)
    pd.testing.assert_frame_equal(before, chinchilla_runs)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("seed", range(5))
def test_absurd_runs_give_a_status_or_a_sentence(made_up, loss, seed):
    _, runs = made_up(QUARTET, 40)
    rng = np.random.default_rng(seed)
    for name in ("n_params", "n_tokens", "loss"):
        runs[name] = 10 ** rng.uniform(-300, 300, 40)
    try:
        found = fit(QUARTET, runs, loss=loss, starts=8, draws=8)
    except ValueError as problem:
        assert "no start has a finite objective; look for sizes, tokens or losses" in str(problem)  # noqa: PT017
    else:
        assert np.isfinite(found.objective)
        assert found.status in (Status.AT_BOUND, Status.NOT_IDENTIFIED)
