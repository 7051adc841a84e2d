"""Errors on runs that a fit has not seen."""

import numpy as np
import pandas as pd
import pytest

from analysis.fits.fitting import fit
from analysis.fits.staged import fit_staged
from analysis.laws import LAWS
from analysis.trust.holdout import errors, flops_of, holdout

CHINCHILLA, QUARTET = LAWS["chinchilla"], LAWS["quartet"]


def test_flops_are_those_recorded_else_six_n_d():
    runs = pd.DataFrame({"n_params": [2.0, 3.0], "n_tokens": [5.0, 7.0]})
    assert flops_of(runs).tolist() == [60.0, 126.0]
    assert flops_of(runs.assign(flops=[np.nan, 1.0])).tolist() == [60.0, 1.0]


def test_errors_are_relative_to_the_measured_loss(made_up):
    truth, runs = made_up(CHINCHILLA, 8)
    exact = fit(CHINCHILLA, runs, fixed=truth, draws=0)
    off = runs.assign(loss=runs["loss"] / [1.1, 0.9, 1, 1, 1, 1, 1, 1])
    found = errors(exact, off)
    assert found["n_runs"] == 8
    assert found["max_relative_error"] == pytest.approx(0.1)
    assert found["mean_relative_error"] == pytest.approx(0.0, abs=1e-12)
    assert found["rms_relative_error"] == pytest.approx(np.sqrt(2 * 0.01 / 8))


def test_the_largest_runs_are_predicted_from_the_others_alone(chinchilla_runs):
    limit = 1e21
    found, held = holdout(CHINCHILLA, chinchilla_runs, limit, draws=0)
    small = chinchilla_runs[chinchilla_runs["flops"] <= limit]
    assert found.objective == fit(CHINCHILLA, small, draws=0).objective
    large = chinchilla_runs[chinchilla_runs["flops"] > limit]
    relative = found.predict(large) / large["loss"] - 1
    assert held["above_flops"] == limit
    assert held["n_runs"] == len(large) == len(chinchilla_runs) - found.n_runs
    assert held["rms_relative_error"] == pytest.approx(np.sqrt((relative**2).mean()))


def test_a_staged_fit_can_be_held_out_too(quartet_runs):
    def staged(law, runs, **options):
        return fit_staged(law, runs, 1.1e8, **options)[1]

    methods = ["fwd=BF16;bwd=BF16", "fwd=QuEST;bwd=BF16"]
    runs = quartet_runs[quartet_runs["method"].isin(methods)]
    found, held = holdout(QUARTET, runs, 1e19, staged, delta=1e-4, draws=0)
    assert "eff_n[QuEST]" in found.values
    assert held["rms_relative_error"] < 0.02


@pytest.mark.parametrize("limit", [1.0, 1e30])
def test_a_limit_that_splits_nothing_off_is_said_with_the_span_of_the_runs(chinchilla_runs, limit):
    flops = chinchilla_runs["flops"]
    with pytest.raises(ValueError) as error:
        holdout(CHINCHILLA, chinchilla_runs, limit)
    assert f"they span {flops.min():.3g} to {flops.max():.3g} FLOPs" in str(error.value)


def test_too_few_runs_below_the_limit_are_said(chinchilla_runs):
    fourth = chinchilla_runs["flops"].sort_values().iloc[3]
    with pytest.raises(ValueError, match="FLOPs: 4 runs for 5 free parameters"):
        holdout(CHINCHILLA, chinchilla_runs, float(fourth))
