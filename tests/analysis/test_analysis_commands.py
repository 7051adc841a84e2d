"""The command line as the contract has it: names, options, JSON keys, exit codes, pipes."""

import csv
import io
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.fits.fitting import fit
from analysis.fits.staged import fit_staged
from analysis.laws import LAWS

ROOT = Path(__file__).resolve().parents[2]
RUNS = ROOT / "results_db" / "data" / "runs"
CHINCHILLA_CSV, QUARTET_CSV = RUNS / "chinchilla_replication_2024.csv", RUNS / "quartet_2025.csv"
FIT_KEYS = {"law", "status", "advice", "n_runs", "objective", "params", "intervals", "holdout", "seconds"}
PUBLISHED = (
    "A=127444.6855,alpha=0.578520,B=465834.3122,beta=0.538877,gamma=0.276416,E=1.340846,eff_n=0.6452,eff_d=0.8935"
)


def strict(text):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="module")
def chinchilla_document():
    """The document of `fit --draws --json` on the shipped Chinchilla runs, from a process of its own."""
    command = [sys.executable, "-m", "analysis", "fit", "--law", "chinchilla", str(CHINCHILLA_CSV)]
    done = subprocess.run(
        [*command, "--bootstrap", "300", "--draws", "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "5 runs flagged as outliers by their source left out" in done.stderr
    return strict(done.stdout)


def test_laws_lists_every_law_in_strict_json(call):
    code, out, _ = call("laws", "--json")
    rows = strict(out)
    assert code == 0
    assert [row["name"] for row in rows] == list(LAWS)
    for row in rows:
        law = LAWS[row["name"]]
        assert row["formula"] == law.formula
        assert row["inputs"] == list(law.inputs)
        assert row["source"] == law.source_id
        assert [param["symbol"] for param in row["params"]] == [param.symbol for param in law.params]
        assert {"symbol", "starts", "meaning", "bounds"} <= set(row["params"][0])


def test_laws_prints_each_laws_formula_and_source(call):
    code, out, _ = call("laws")
    assert code == 0
    for law in LAWS.values():
        assert law.formula in out
        assert law.source_id in out


def test_fit_prints_the_keys_of_the_contract(chinchilla_document, chinchilla_runs):
    document = chinchilla_document
    assert set(document) >= FIT_KEYS
    assert document["law"] == "chinchilla"
    assert document["status"] == "NOT_IDENTIFIED"
    assert document["advice"].startswith("A, B: ")
    assert (document["n_runs"], document["n_left_out"]) == (240, 5)
    assert document["objective"] <= 0.0010183
    assert set(document["params"]) == {"E", "A", "B", "alpha", "beta"}
    assert document["holdout"] is None
    assert set(document["seconds"]) == {"fit", "bootstrap"}
    assert all(seconds > 0 for seconds in document["seconds"].values())
    for name, (low, high) in document["intervals"].items():
        assert low < document["params"][name] < high
    assert document["delta"] == 1e-3
    assert document["params"] == fit(LAWS["chinchilla"], chinchilla_runs, draws=0).values


def test_fit_lists_the_draws_when_asked(chinchilla_document):
    assert {name: len(numbers) for name, numbers in chinchilla_document["draws"].items()} == dict.fromkeys(
        chinchilla_document["params"], 300
    )


def test_fit_without_json_prints_the_same_fit_in_words(call, chinchilla_document):
    code, out, err = call("fit", "--law", "chinchilla", CHINCHILLA_CSV, "--bootstrap", "50")
    assert code == 0
    assert "240 runs, objective 0.00101827, NOT_IDENTIFIED" in out
    assert f"{chinchilla_document['params']['alpha']:.5g}" in out
    assert "trust the predictions" in out
    assert "5 runs flagged" in err


def test_fit_keeps_the_outliers_when_told(call):
    _, out, err = call("fit", "--law", "chinchilla", CHINCHILLA_CSV, "--with-outliers", "--bootstrap", "0", "--json")
    document = strict(out)
    assert (document["n_runs"], document["n_left_out"], err) == (245, 0, "")


@pytest.mark.parametrize("words", [["--fix", "E=1.8", "alpha=0.35"], ["--fix", "E=1.8", "--fix", "alpha=0.35"]])
def test_fit_fixes_symbols_given_in_either_way(call, chinchilla_runs, words):
    _, out, _ = call("fit", "--law", "chinchilla", CHINCHILLA_CSV, *words, "--bootstrap", "20", "--json")
    document = strict(out)
    assert (document["params"]["E"], document["params"]["alpha"]) == (1.8, 0.35)
    assert set(document["intervals"]) == {"A", "B", "beta"}
    expected = fit(LAWS["chinchilla"], chinchilla_runs, fixed={"E": 1.8, "alpha": 0.35}, draws=0)
    assert document["objective"] == pytest.approx(expected.objective, rel=1e-9)


def test_fit_reports_errors_on_the_runs_held_out(call, chinchilla_runs):
    options = ("--holdout-flops", "1e21", "--bootstrap", "0", "--json")
    code, out, _ = call("fit", "--law", "chinchilla", CHINCHILLA_CSV, *options)
    document = strict(out)
    large = chinchilla_runs[chinchilla_runs["flops"] > 1e21]
    assert code == 0
    assert document["n_runs"] == 240 - len(large)
    assert document["holdout"]["n_runs"] == len(large)
    predicted = LAWS["chinchilla"].evaluate(document["params"], large)
    relative = predicted / large["loss"] - 1
    assert document["holdout"]["rms_relative_error"] == pytest.approx(np.sqrt((relative**2).mean()), rel=1e-9)


def test_fit_in_stages_and_jointly(call, quartet_runs):
    options = ("--delta", "1e-4", "--bootstrap", "0", "--json")
    _, staged, _ = call("fit", "--law", "quartet", QUARTET_CSV, "--staged", "--base-max-n", "2.1e8", *options)
    expected = fit_staged(LAWS["quartet"], quartet_runs, 2.1e8, delta=1e-4, draws=0)[1]
    assert strict(staged)["params"] == pytest.approx(expected.values)
    _, jointly, _ = call("fit", "--law", "quartet", QUARTET_CSV, *options)
    assert strict(jointly)["objective"] < strict(staged)["objective"] * 10
    assert strict(jointly)["n_runs"] == len(quartet_runs)


def test_a_staged_fit_can_be_held_out(call):
    options = ("--staged", "--delta", "1e-4", "--holdout-flops", "3e19", "--bootstrap", "0", "--json")
    code, out, err = call("fit", "--law", "quartet", QUARTET_CSV, *options)
    assert code == 0, err
    assert strict(out)["holdout"]["above_flops"] == 3e19


def test_the_same_seed_prints_the_same_numbers(call):
    def numbers(seed):
        _, out, _ = call(
            "fit", "--law", "chinchilla", CHINCHILLA_CSV, "--bootstrap", "20", "--seed", seed, "--starts", "8", "--json"
        )
        document = strict(out)
        return {name: document[name] for name in ("params", "intervals", "objective")}

    assert numbers(1) == numbers(1)
    assert numbers(1)["intervals"] != numbers(2)["intervals"]


@pytest.mark.parametrize("loss", ["log-huber", "huber", "least-squares"])
def test_every_loss_can_be_chosen(call, chinchilla_runs, loss):
    code, out, _ = call(
        "fit", "--law", "chinchilla", CHINCHILLA_CSV, "--loss", loss, "--bootstrap", "0", "--starts", "16", "--json"
    )
    assert code == 0
    expected = fit(LAWS["chinchilla"], chinchilla_runs, loss=loss, draws=0)
    assert strict(out)["objective"] == pytest.approx(expected.objective, rel=1e-6)


def test_too_few_runs_is_a_document_with_advice_and_exit_code_1(call, tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("n_params,n_tokens,loss\n1e8,1e10,3.1\n2e8,1e10,3.0\n")
    code, out, err = call("fit", "--law", "chinchilla", path, "--json")
    document = strict(out)
    assert code == 1
    assert document["status"] == "TOO_FEW_RUNS"
    assert document["advice"].startswith("2 runs for 5 free parameters.")
    assert document["objective"] is None
    assert set(document) >= FIT_KEYS
    assert document["advice"] in err


def piped(*commands, text=None):
    """stdout of commands joined by pipes, as a shell does it."""
    for arguments in commands:
        done = subprocess.run(
            [sys.executable, "-m", *arguments], input=text, cwd=ROOT, capture_output=True, text=True, env=os.environ
        )
        assert done.returncode == 0, done.stderr
        text = done.stdout
    return text


def test_the_pipe_of_the_contract_works():
    """results_db export runs --source chinchilla_replication_2024 | analysis fit --law chinchilla - --bootstrap 1000"""
    document = strict(
        piped(
            ["results_db", "export", "runs", "--source", "chinchilla_replication_2024"],
            ["analysis", "fit", "--law", "chinchilla", "-", "--bootstrap", "1000", "--json"],
        )
    )
    assert (document["n_runs"], document["n_left_out"]) == (240, 5)
    assert document["objective"] <= 0.0010183
    assert document["status"] == "NOT_IDENTIFIED"


def test_published_coefficients_pipe_into_a_plan():
    coefficients = ["results_db", "coefficients", "quartet", "--source", "quartet_2025", "--variant", "newest"]
    document = strict(
        piped(coefficients, ["analysis", "plan", "--params", "-", "--n-max", "1e9", "--d-over-n", "100", "--json"])
    )
    assert document["winner"] == "fp8:fp4"
    assert round(document["schemes"]["fp8:fp4"]["loss"], 4) == 2.4072


def test_predict_adds_a_column_and_changes_nothing_else(call):
    code, out, _ = call("predict", "--law", "chinchilla", "--params", "E=1.69,A=406.4,B=410.7,alpha=0.34,beta=0.28",
                        CHINCHILLA_CSV)  # fmt: skip
    assert code == 0
    with CHINCHILLA_CSV.open(newline="") as file:
        before = list(csv.DictReader(file))
    after = list(csv.DictReader(io.StringIO(out)))
    assert len(after) == len(before) == 245
    for row, old in zip(after, before, strict=True):
        n, d = float(old["n_params"]), float(old["n_tokens"])
        assert float(row.pop("predicted")) == pytest.approx(1.69 + 406.4 / n**0.34 + 410.7 / d**0.28, rel=1e-12)
        assert (row["run_id"], row["note"], row["outlier"]) == (old["run_id"], old["note"], old["outlier"])
        assert float(row["n_params"]) == n


def test_predict_reads_what_fit_wrote(call, tmp_path, chinchilla_document):
    path = tmp_path / "fit.json"
    path.write_text(json.dumps(chinchilla_document))
    code, out, _ = call("predict", "--law", "chinchilla", "--params", path, CHINCHILLA_CSV)
    table = pd.read_csv(io.StringIO(out))
    assert code == 0
    np.testing.assert_allclose(table["predicted"], LAWS["chinchilla"].evaluate(chinchilla_document["params"], table))


def test_predict_needs_no_loss_and_takes_many_factors_in_the_call(call, tmp_path, quartet_runs):
    _, found = fit_staged(LAWS["quartet"], quartet_runs, 2.1e8, delta=1e-4, draws=0)
    words = ",".join(f"{name}={value!r}" for name, value in found.values.items())
    assert len(words) > 255  # longer than any file name
    path = tmp_path / "plain.csv"
    quartet_runs.drop(columns="loss").to_csv(path, index=False)
    code, out, err = call("predict", "--law", "quartet", "--params", words, path)
    assert code == 0, err
    np.testing.assert_allclose(pd.read_csv(io.StringIO(out))["predicted"], found.predict(quartet_runs), rtol=1e-12)


def test_plan_prints_the_keys_of_the_contract(call):
    code, out, _ = call("plan", "--params", PUBLISHED, "--n-max", "1e9", "--d-over-n", "100", "--json")
    document = strict(out)
    assert code == 0
    assert {"schemes", "winner", "p_win"} <= set(document)
    assert list(document["schemes"]) == ["fp8:fp8", "fp4:fp8", "fp8:fp4", "fp4:fp4"]
    assert all(set(row) == {"n", "d", "loss"} for row in document["schemes"].values())
    assert document["winner"] == "fp8:fp4"
    assert document["p_win"] is None
    fp4 = document["schemes"]["fp4:fp4"]
    assert (fp4["n"], fp4["d"], round(fp4["loss"], 4)) == (2e9, 1e11, 2.4087)


@pytest.mark.parametrize(("d_over_n", "winner"), [("20", "fp8:fp4"), ("1000", "fp4:fp4")])
def test_plan_gives_the_published_winners(call, d_over_n, winner):
    code, out, _ = call("plan", "--params", PUBLISHED, "--n-max", "1e9", "--d-over-n", d_over_n)
    assert code == 0
    assert out.rstrip().endswith(f"winner: {winner}")


def test_plan_takes_other_speeds(call):
    _, out, _ = call(
        "plan", "--params", PUBLISHED, "--n-max", "1e9", "--d-over-n", "1000", "--speedup", "forward=1,backward=1",
        "--json",
    )  # fmt: skip
    document = strict(out)
    assert document["winner"] == "fp8:fp8"
    assert document["schemes"]["fp4:fp4"]["n"] == 1e9


def test_plan_takes_the_shipped_throughput_table_and_says_which_part(call):
    table = ROOT / "results_db" / "data" / "throughput.csv"
    call_with = ("plan", "--params", PUBLISHED, "--n-max", "1e10", "--d-over-n", "100", "--throughput", table, "--json")
    code, out, err = call(*call_with)
    assert code == 0
    assert strict(out)["speed"] == "RTX 5090, Quartet linear layers, old kernels, batch 32"
    assert "choose another with --table" in err
    assert "QuTLASS re-measurement, batch 64" in err
    code, out, err = call(*call_with, "--table", "QuTLASS")
    assert (code, err) == (0, "")
    assert strict(out)["speed"] == "RTX 5090, Quartet linear layers, QuTLASS re-measurement, batch 64"
    rows = pd.read_csv(table)
    rows = rows[rows["kernel"].str.contains("QuTLASS") & (rows["metric"] == "speedup") & (rows["phase"] == "forward")]
    rows = rows[rows["baseline_format"] == "FP8"].sort_values("n_params")
    speed = np.interp(math.log(1e10), np.log(rows["n_params"]), rows["value"])
    assert strict(out)["schemes"]["fp4:fp8"]["n"] == pytest.approx(1e10 * speed, rel=1e-9)


def test_plan_gives_chances_from_the_draws_of_a_fit(call, tmp_path, quartet_runs):
    methods = ["fwd=BF16;bwd=BF16", "fwd=QuEST;bwd=BF16", "fwd=BF16;bwd=AlbertTsengQuantizer"]
    runs, path = tmp_path / "runs.csv", tmp_path / "fit.json"
    quartet_runs[quartet_runs["method"].isin(methods)].to_csv(runs, index=False)
    fitted = ("fit", "--law", "quartet", runs, "--staged", "--delta", "1e-4", "--bootstrap", "60", "--draws", "--json")
    path.write_text(call(*fitted)[1])
    code, out, err = call("plan", "--params", path, "--n-max", "1e9", "--d-over-n", "130", "--json")
    assert code == 0, err
    chances = strict(out)["p_win"]
    assert list(chances) == ["fp8:fp8", "fp4:fp8", "fp8:fp4", "fp4:fp4"]
    assert sum(chances.values()) == pytest.approx(1.0)
    assert max(chances.values()) < 1


def test_plan_chooses_factors_by_method_or_symbol(call):
    values = PUBLISHED.replace("eff_n=0.6452,eff_d=0.8935", "eff_n[QuEST]=0.6452,eff_n[SR]=0.433,eff_d[SR]=0.8935")
    options = ("--n-max", "1e9", "--d-over-n", "100", "--json")
    by_method = strict(call("plan", "--params", values, *options, "--forward", "QuEST")[1])
    by_symbol = strict(call("plan", "--params", values, *options, "--forward", "eff_n[QuEST]")[1])
    plain = strict(call("plan", "--params", PUBLISHED, *options)[1])
    assert by_method == by_symbol == plain


def test_a_reader_that_goes_away_is_not_an_error():
    command = f"{sys.executable} -m analysis predict --law chinchilla --params E=1,A=1,B=1,alpha=1,beta=1 - | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True,
        input="n_params,n_tokens\n" + "1e9,1e10\n" * 20_000,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "n_params,n_tokens,predicted\n"
