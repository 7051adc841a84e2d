"""A fit that was cancelled, or had too few runs, has no values: whoever uses it says so instead of failing."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from analysis.fits.fitting import Fit, Status, fit
from analysis.fits.watch import Cancelled
from analysis.laws import LAWS
from analysis.trust.cases import CASES
from analysis.trust.checklist import checklist
from analysis.trust.compare import compare
from analysis.trust.design import next_runs
from analysis.trust.holdout import holdout, rolling
from analysis.trust.influence import influence
from analysis.trust.profile import profiles
from analysis.trust.refits import refit

CHINCHILLA = LAWS["chinchilla"]
TARGET = pd.DataFrame({"n_params": [7e10], "n_tokens": [1.4e12]})


@pytest.fixture(params=["cancelled", "too few"])
def ended(request, chinchilla_runs) -> tuple[Fit, pd.DataFrame]:
    """A fit without values, and its runs."""
    few = request.param == "too few"
    runs = chinchilla_runs.head(4) if few else chinchilla_runs
    found = fit(CHINCHILLA, runs, draws=0, cancelled=lambda: not few)
    assert found.status is (Status.TOO_FEW_RUNS if few else Status.CANCELLED)
    assert not found.ended
    return found, runs


USES = {
    "predict": lambda found, runs: found.predict(runs),
    "profiles": profiles,
    "influence": influence,
    "next_runs": lambda found, runs: next_runs(found, runs, TARGET, 1e22),
    "checklist": checklist,
}


@pytest.mark.parametrize("use", USES)
def test_what_needs_values_answers_with_the_advice_of_the_fit(ended, use):
    found, runs = ended
    with pytest.raises(ValueError) as error:
        USES[use](found, runs)
    assert str(error.value) == found.advice


MANY = {
    "holdout": lambda runs, **options: holdout(CHINCHILLA, runs, 1e21, **options),
    "rolling": lambda runs, **options: rolling(CHINCHILLA, runs, **options),
    "compare": lambda runs, **options: compare([CHINCHILLA, LAWS["kaplan_joint"]], runs, **options),
}


@pytest.mark.parametrize("many", MANY)
@pytest.mark.parametrize("after", [0, 1])
def test_what_makes_many_fits_ends_with_the_one_that_was_cancelled(many, after, chinchilla_runs):
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 40 * after

    with pytest.raises(Cancelled):
        MANY[many](chinchilla_runs, starts=4, cancelled=cancelled)


def test_a_published_fit_with_too_few_runs_is_no_case(coefficients, chinchilla_245):
    case = CASES[0]
    own = coefficients[coefficients["law"] == case.law]
    assert refit(case, chinchilla_245.head(4), own) is None


def test_quartets_map_is_left_out_where_the_runs_of_its_methods_are_missing(coefficients, quartet_runs):
    case = next(case for case in CASES if case.methods)
    plain = quartet_runs[(quartet_runs["forward_format"] == "bf16") & (quartet_runs["backward_format"] == "bf16")]
    found = refit(case, plain, coefficients[coefficients["law"] == case.law], starts=32)
    assert found is not None
    assert not any("FP4:FP4 wins" in quantity for quantity in found.changes["quantity"])


def test_next_runs_of_too_few_runs_says_so(call, chinchilla_245, tmp_path):
    chinchilla_245.head(4).to_csv(tmp_path / "runs.csv", index=False)
    at = ("--at", "n_params=7e10,n_tokens=1.4e12", "--budget", 1e22)
    code, out, err = call("next-runs", "--law", "chinchilla", tmp_path / "runs.csv", "--with-outliers", *at)
    assert (code, out) == (1, "")
    assert "4 runs for 5 free parameters" in err
    code, out, _ = call("fit", "--law", "chinchilla", tmp_path / "runs.csv", "--with-outliers", "--json")
    assert (code, json.loads(out)["status"]) == (1, "TOO_FEW_RUNS")
