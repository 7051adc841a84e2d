"""fit --profile, compare and next-runs as people call them: keys, numbers, exit codes and sentences."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from analysis.fits.fitting import fit
from analysis.laws import LAWS
from analysis.trust.compare import as_table, compare
from analysis.trust.design import next_runs
from analysis.trust.holdout import size_of
from analysis.trust.profile import profiles

RUNS = Path(__file__).resolve().parents[2] / "results_db" / "data" / "runs"
CHINCHILLA_CSV = RUNS / "chinchilla_replication_2024.csv"
AT = "n_params=7e10,n_tokens=1.4e12"


def test_fit_profile_adds_the_profile_of_every_parameter(call, chinchilla_runs):
    code, out, _ = call("fit", "--law", "chinchilla", CHINCHILLA_CSV, "--profile", "--bootstrap", 0, "--json")
    document = json.loads(out)["profile"]
    expected = profiles(fit(LAWS["chinchilla"], chinchilla_runs, draws=0), chinchilla_runs)
    assert code == 0
    assert document["share"] == 0.95
    assert document["weakest"] == list(expected.weakest)
    for symbol, own in document["params"].items():
        assert own["interval"] == pytest.approx(expected.intervals[symbol])
        assert own["identified"] == expected.by_symbol[symbol].identified


def test_fit_profile_in_words_says_what_is_not_identified(call):
    code, out, _ = call("fit", "--law", "chinchilla", CHINCHILLA_CSV, "--profile")
    lines = {line.split()[0]: line for line in out.splitlines() if "profile [" in line}
    assert code == 0
    assert set(lines) == {"E", "A", "B", "alpha", "beta"}
    assert [name for name, line in lines.items() if line.endswith("not identified")] == ["A", "B"]


def test_fit_profile_with_a_hold_out_profiles_the_runs_below_the_cut(call, chinchilla_runs):
    code, out, _ = call(
        "fit", "--law", "chinchilla", CHINCHILLA_CSV, "--profile", "--holdout-flops", 1e21, "--bootstrap", 0, "--json"
    )
    small = chinchilla_runs[size_of(LAWS["chinchilla"], chinchilla_runs) <= 1e21]
    expected = profiles(fit(LAWS["chinchilla"], small, draws=0), small).intervals["E"]
    assert code == 0
    assert json.loads(out)["profile"]["params"]["E"]["interval"] == pytest.approx(expected)


def test_a_staged_fit_has_no_profile_and_says_so(call):
    code, _, err = call("fit", "--law", "quartet", RUNS / "quartet_2025.csv", "--staged", "--profile")
    assert code == 2
    assert "leave --staged out" in err


def test_compare_prints_a_row_per_law_and_why_the_others_are_missing(call, chinchilla_runs):
    code, out, _ = call("compare", CHINCHILLA_CSV, "--laws", "chinchilla,kaplan_joint,kaplan_steps", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["n_runs"] == 240
    assert document["left_out"] == {"kaplan_steps": "needs optimizer steps S (steps)"}
    expected = as_table(compare([LAWS["chinchilla"], LAWS["kaplan_joint"]], chinchilla_runs))
    assert [row["law"] for row in document["laws"]] == list(expected["law"])
    for row, own in zip(document["laws"], expected.to_dict("records"), strict=True):
        assert row["held_out"] == pytest.approx(own["held_out"])
        assert row["aicc_above"] == pytest.approx(own["aicc_above"])
    assert document["recommendation"].startswith("Take **chinchilla**")


def test_compare_reads_standard_input_and_prints_a_table_and_advice(call, monkeypatch):
    import io
    import sys

    content = CHINCHILLA_CSV.read_bytes()
    monkeypatch.setattr(sys, "stdin", type("In", (), {"buffer": io.BytesIO(content)})())
    code, out, _ = call("compare", "-", "--laws", "kaplan_n,kaplan_d")
    assert code == 0
    assert "aicc_above" in out
    assert out.splitlines()[-1].startswith("Take kaplan_")


def test_compare_of_laws_without_their_columns_or_of_two_targets_is_said(call, tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("n_params,loss\n1e9,2.5\n1e9,2.4\n", encoding="utf-8")
    code, _, err = call("compare", path, "--laws", "chinchilla")
    assert code == 1
    assert "feeds none of the laws: chinchilla needs training tokens D (n_tokens)" in err
    code, _, err = call("compare", path, "--laws", "chinchilla,ptq_degradation")
    assert code == 2
    assert "predict different columns" in err


def test_next_runs_prints_the_design(call, chinchilla_runs):
    arguments = ("next-runs", "--law", "chinchilla", CHINCHILLA_CSV, "--at", AT, "--budget", 1e22)
    code, out, _ = call(*arguments, "--count", 3, "--json")
    document = json.loads(out)
    target = pd.DataFrame({"n_params": [7e10], "n_tokens": [1.4e12]})
    found = fit(LAWS["chinchilla"], chinchilla_runs, draws=0)
    expected = next_runs(found, chinchilla_runs, target, 1e22, 3)
    assert code == 0
    assert document["prediction"] == pytest.approx(float(found.predict(target)[0]))
    assert document["deviation"]["after"] == pytest.approx(expected.after)
    assert document["shrinkage"] == pytest.approx(expected.shrinkage)
    assert len(document["runs"]) == len(expected.runs)
    code, out, _ = call(*arguments)
    assert code == 0
    assert "its standard deviation falls from" in out


@pytest.mark.parametrize(
    ("law", "at", "exit_code", "sentence"),
    [
        ("chinchilla", "n_params=7e10", 2, "n_tokens is missing"),
        ("chinchilla", "n_params=7e10,tokens=1", 2, "'tokens' is no input of it"),
        ("chinchilla", "n_params=big,n_tokens=1e12", 2, "n_params is 'big'"),
        ("chinchilla", "n_params=-1,n_tokens=1e12", 2, "n_params is -1"),
        ("kaplan_n", AT, 2, "does not predict from sizes and tokens"),
    ],
)
def test_next_runs_says_what_is_wrong_with_the_call(call, law, at, exit_code, sentence):
    code, _, err = call("next-runs", "--law", law, CHINCHILLA_CSV, "--at", at, "--budget", 1e22)
    assert code == exit_code
    assert sentence in err


def test_a_budget_that_buys_nothing_is_said_with_the_cheapest_price(call):
    code, _, err = call("next-runs", "--law", "chinchilla", CHINCHILLA_CSV, "--at", AT, "--budget", 1e9)
    assert code == 1
    assert "the cheapest costs" in err
