"""Fits in stages: the base from runs without a factor, each factor with it fixed, intervals that know both."""

import numpy as np
import pandas as pd
import pytest

from analysis.fits.fitting import Status, fit
from analysis.fits.staged import fit_base, fit_staged
from analysis.laws import LAWS

STAGED = {name: law for name, law in LAWS.items() if law.groups}
QUARTET = LAWS["quartet"]
each_law = pytest.mark.parametrize("law", STAGED.values(), ids=STAGED)


@each_law
def test_both_ways_recover_the_truth_without_noise(law, made_up):
    truth, runs = made_up(law, 200)
    _, staged = fit_staged(law, runs, draws=0)
    jointly = fit(law, runs, draws=0)
    assert set(staged.values) == set(jointly.values) == set(truth)
    for name in truth:
        assert staged.values[name] == pytest.approx(truth[name], rel=2e-3), name
        assert jointly.values[name] == pytest.approx(truth[name], rel=2e-3), name


def test_a_factor_in_stages_is_the_fit_of_its_own_runs_alone(made_up):
    _, runs = made_up(QUARTET, 200, noise=0.01)
    base, staged = fit_staged(QUARTET, runs, draws=0)
    plain = fit_base(QUARTET, runs)
    assert set(plain["forward_format"]) == set(plain["backward_format"]) == {"bf16"}
    assert base.n_runs == len(plain)
    own = runs[(runs["forward_format"] == "q4") & (runs["backward_format"] == "bf16")]
    alone = fit(QUARTET, own, fixed=base.values, draws=0)
    assert staged.values["eff_n[q4]"] == pytest.approx(alone.values["eff_n[q4]"], rel=1e-6)


def test_a_method_that_never_occurs_alone_is_fitted_last_with_the_others_fixed(made_up):
    truth, runs = made_up(QUARTET, 300, noise=0.002)
    together = (runs["forward_format"] == "q3") == (runs["backward_format"] == "q3")
    base, staged = fit_staged(QUARTET, runs[together], draws=0)
    pair = runs[(runs["forward_format"] == "q3") & (runs["backward_format"] == "q3")]
    known = {name: value for name, value in staged.values.items() if "[q3]" not in name}
    last = fit(QUARTET, pair, fixed=known, draws=0)
    for name in ("eff_n[q3]", "eff_d[q3]"):
        assert staged.values[name] == pytest.approx(last.values[name], rel=1e-4), name
        assert staged.values[name] == pytest.approx(truth[name], rel=0.1), name
    assert base.values.items() <= staged.values.items()


def test_the_base_takes_only_runs_up_to_the_given_size(made_up):
    _, runs = made_up(QUARTET, 200)
    assert len(fit_base(QUARTET, runs, 1e9)) < len(fit_base(QUARTET, runs))
    assert fit_base(QUARTET, runs, 1e9)["n_params"].max() <= 1e9


def test_the_sums_of_a_staged_fit_run_over_every_run_it_used(quartet_runs):
    base, staged = fit_staged(QUARTET, quartet_runs, 2.1e8, delta=1e-4, draws=10)
    forward, backward = quartet_runs["forward_format"], quartet_runs["backward_format"]
    alone = (forward == "bf16") ^ (backward == "bf16")
    never_alone = ~(forward.isin(forward[backward == "bf16"]) & backward.isin(backward[forward == "bf16"]))
    assert set(quartet_runs[never_alone]["method"]) == {"HALO-FP4", "Jetfire-FP4", "LSS-INT4", "LUQ-FP4", "LUQ-INT4"}
    used = pd.concat([fit_base(QUARTET, quartet_runs, 2.1e8), quartet_runs[alone | never_alone]])
    assert staged.n_runs == len(used)
    evaluated = fit(QUARTET, used, fixed=staged.values, delta=1e-4, draws=0)
    assert staged.objective == pytest.approx(evaluated.objective, rel=1e-9)
    assert staged.seconds["fit"] > base.seconds["fit"]


def test_the_uncertainty_of_the_base_widens_the_interval_of_a_factor(made_up):
    _, runs = made_up(QUARTET, 150, noise=0.01)
    base, staged = fit_staged(QUARTET, runs, draws=100)
    own = runs[(runs["forward_format"] == "q4") & (runs["backward_format"] == "bf16")]
    certain = fit(QUARTET, own, fixed=base.values, draws=100)

    def width(found):
        low, high = found.intervals["eff_n[q4]"]
        return high / low

    assert width(staged) > width(certain) > 1
    assert set(staged.draws.values) == set(staged.values)
    assert len(staged.draws) == 100


def test_factors_fixed_beforehand_keep_the_draws_of_the_base(made_up):
    truth, runs = made_up(QUARTET, 120, noise=0.01)
    factors = {name: value for name, value in truth.items() if name.startswith("eff_")}
    base, staged = fit_staged(QUARTET, runs, fixed=factors, draws=20)
    assert {name: staged.values[name] for name in factors} == factors
    np.testing.assert_array_equal(staged.draws.values["A"], base.draws.values["A"])
    assert staged.intervals["A"] == base.intervals["A"]


def test_too_few_base_runs_are_said_with_their_number(quartet_runs):
    few = quartet_runs[quartet_runs["forward_format"] != "bf16"]
    base, staged = fit_staged(QUARTET, few, delta=1e-4)
    assert base is staged
    assert base.status is Status.TOO_FEW_RUNS
    assert base.advice.startswith("0 runs for 6 free parameters.")


def test_a_missing_column_is_named_before_anything_else(quartet_runs):
    with pytest.raises(ValueError, match="no column 'n_params'"):
        fit_staged(QUARTET, quartet_runs.drop(columns="n_params"), 2.1e8)


def test_runs_without_format_columns_are_all_base(quartet_base_runs):
    plain = quartet_base_runs[["n_params", "n_tokens", "loss"]]
    base, staged = fit_staged(QUARTET, plain, delta=1e-4, draws=0)
    assert staged is base
    assert base.objective == pytest.approx(1.820753e-6, rel=1e-5)
