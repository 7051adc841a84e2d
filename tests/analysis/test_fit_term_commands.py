"""python -m analysis fit with weights, a grid of starts, bounds, and values per group or shared."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.fits.fitting import fit
from analysis.laws import LAWS
from analysis.laws.terms import Terms, on_terms

DATA = Path(__file__).resolve().parents[2] / "results_db" / "data"
CSV = DATA / "runs" / "chinchilla_replication_2024.csv"
QUARTET_CSV = DATA / "runs" / "quartet_2025.csv"
FIT = ("fit", "--law", "chinchilla", CSV, "--bootstrap", 0, "--json")


def test_weights_are_read_from_a_column(call, chinchilla_runs, tmp_path):
    weighted = chinchilla_runs.assign(weight=np.where(chinchilla_runs["n_params"] > 1e9, 3.0, 1.0))
    weighted.to_csv(tmp_path / "runs.csv", index=False)
    words = ("fit", "--law", "chinchilla", tmp_path / "runs.csv", "--weights", "weight", "--bootstrap", 0, "--json")
    code, out, err = call(*words)
    assert code == 0, err
    expected = fit(LAWS["chinchilla"], weighted, weights="weight", draws=0)
    assert json.loads(out)["objective"] == pytest.approx(expected.objective, rel=1e-9)


@pytest.mark.parametrize("words", [["--grid"], ["--grid", "E=1,2", "alpha=0,0.5,1", "beta=0.3"]])
def test_a_grid_of_starts_replaces_the_random_ones(call, words):
    first, second = (json.loads(call(*FIT, "--seed", seed, *words)[1]) for seed in (1, 2))
    assert first["params"] == second["params"]
    assert first["objective"] == pytest.approx(0.00101827401780, rel=1e-9)


def test_bounds_hold(call):
    document = json.loads(call(*FIT, "--bounds", "alpha=0.4:0.6", "beta=0.1:2")[1])
    assert document["status"] == "AT_BOUND"
    assert document["params"]["alpha"] == pytest.approx(0.4)


def test_a_value_per_group_has_the_group_in_its_name(call, chinchilla_runs, tmp_path):
    grouped = chinchilla_runs.assign(family=np.where(chinchilla_runs["n_params"] > 1e9, "large", "small"))
    grouped.to_csv(tmp_path / "runs.csv", index=False)
    words = ("fit", "--law", "chinchilla", tmp_path / "runs.csv", "--per", "E=family", "--bootstrap", 0, "--json")
    document = json.loads(call(*words)[1])
    assert set(document["params"]) == {"E[large]", "E[small]", "A", "B", "alpha", "beta"}
    expected = fit(on_terms(LAWS["chinchilla"], Terms(per={"E": "family"})), grouped, draws=0)
    assert document["objective"] == pytest.approx(expected.objective, rel=1e-6)


def test_a_shared_factor_is_one_number(call):
    code, out, err = call(
        "fit", "--law", "quartet", QUARTET_CSV, "--shared", "eff_n", "--starts", 16, "--bootstrap", 0, "--json"
    )
    assert code == 0, err
    params = json.loads(out)["params"]
    assert "eff_n" in params
    assert [name for name in params if name.startswith("eff_n")] == ["eff_n"]
    assert len([name for name in params if name.startswith("eff_d[")]) > 3


BAD_CALLS = {
    "bounds of words": (("--bounds", "alpha=low:high"), "'alpha=low:high' is not SYMBOL=LOW:HIGH; write for example"),
    "bounds backward": (("--bounds", "alpha=2:1"), "the bounds of alpha are 2 to 1; write two finite numbers"),
    "bounds of nothing": (("--bounds", "kappa=1:2"), "law chinchilla has no parameter 'kappa'"),
    "per without column": (("--per", "E"), "'E' is not SYMBOL=COLUMN; write for example E=family"),
    "shared without groups": (("--shared", "E"), "E has one value for all runs already"),
    "grid of words": (("--grid", "alpha=some"), "'alpha=some' is not SYMBOL=VALUE,VALUE,...; write for example"),
    "grid to infinity": (("--grid", "alpha=1,inf"), "'alpha=1,inf' is not SYMBOL=VALUE,VALUE,..."),
    "grid of nothing": (("--grid", "kappa=1"), "law chinchilla has no parameter 'kappa'; it has E, A, B"),
    "stages without factors": (("--per", "E=family", "--staged"), "has no factor to fit in a second stage"),
    "profile of weights": (("--weights", "w", "--profile"), "--profile takes every run for equally noisy"),
    "fix beyond its bounds": (
        ("--bounds", "E=1:2", "--fix", "E=3"),
        "E=3 is outside its bounds; write a value from 1 to 2",
    ),
}


@pytest.mark.parametrize("case", BAD_CALLS)
def test_terms_that_make_no_sense_are_bad_calls(case, call):
    words, sentence = BAD_CALLS[case]
    code, out, err = call(*FIT, *words)
    assert (code, out) == (2, ""), err
    assert sentence in err


def test_a_column_of_weights_that_the_file_lacks_is_said(call):
    code, out, err = call(*FIT, "--weights", "importance")
    assert (code, out) == (1, "")
    assert "the runs have no column 'importance' to take weights from" in err
