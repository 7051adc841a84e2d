"""Two parameters of a law that are one: fitted, drawn, profiled, predicted and refused as one."""

from __future__ import annotations

import json
import pickle
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.fits.bootstrap import Draws
from analysis.fits.fitting import Status, fit
from analysis.fits.staged import fit_staged
from analysis.laws import LAWS, Law, Param
from analysis.laws.terms import Terms, on_terms
from analysis.trust.checklist import checklist
from analysis.trust.design import next_runs
from analysis.trust.influence import influence
from analysis.trust.profile import profiles

CHINCHILLA, QUARTET = LAWS["chinchilla"], LAWS["quartet"]
TIED = on_terms(CHINCHILLA, Terms(tied={"alpha": "beta"}))
DATA = Path(__file__).resolve().parents[2] / "results_db" / "data"
CSV = DATA / "runs" / "chinchilla_replication_2024.csv"


def test_chinchilla_with_one_exponent_is_gadres_law(data_folder):
    """The overtraining law is Chinchilla's with alpha = beta = 2 eta: another file, another parametrization."""
    runs = pd.read_csv(data_folder / "runs" / "overtraining_scaling_2024.csv")
    runs = runs[(runs["loss_name"] == "C4 val loss") & (runs["family"] == "openlm-rpj")]
    tied, twin = (fit(law, runs, draws=0) for law in (TIED, LAWS["overtraining"]))
    assert tied.objective == pytest.approx(twin.objective, rel=1e-6)
    assert tied.values["alpha"] == tied.values["beta"] == pytest.approx(2 * twin.values["eta"], rel=1e-3)
    assert tied.values["E"] == pytest.approx(twin.values["E"], rel=1e-3)
    assert tied.free == ("E", "A", "B", "beta")


def alike(one: Param, other: Param) -> bool:
    common = max(one.bounds[0], other.bounds[0]) < min(one.bounds[1], other.bounds[1])
    return (one.per, one.sign, one.default) == (other.per, other.sign, None) and other.default is None and common


PAIRS = {law.name: [(a, b) for a, b in combinations(law.params, 2) if alike(a, b)] for law in LAWS.values()}


@pytest.mark.parametrize("name", [name for name, pairs in PAIRS.items() if pairs])
def test_every_law_is_recovered_with_two_of_its_parameters_tied(name, made_up):
    law, (symbol, other) = LAWS[name], (param.symbol for param in PAIRS[name][0])
    tied = on_terms(law, Terms(tied={symbol: other}))
    _, runs = made_up(tied, 80)
    runs = runs[runs[law.target] > 0]  # with two parameters alike a law may leave its meaning
    found = fit(tied, runs, draws=0)
    assert found.values[symbol] == found.values[other]
    assert symbol not in found.free
    np.testing.assert_allclose(found.predict(runs), runs[law.target], rtol=1e-6)
    np.testing.assert_allclose(law.evaluate(found.values, runs), found.predict(runs), rtol=1e-13)


def test_every_draw_and_interval_has_both_alike(chinchilla_runs):
    found = fit(TIED, chinchilla_runs, draws=40)
    np.testing.assert_array_equal(found.draws.values["alpha"], found.draws.values["beta"])
    assert found.intervals["alpha"] == found.intervals["beta"]
    plain = Draws(CHINCHILLA, found.draws.values).predict(chinchilla_runs)
    np.testing.assert_allclose(found.draws.predict(chinchilla_runs), plain, rtol=1e-13)


def test_one_parameter_less_cannot_fit_better(chinchilla_runs):
    assert fit(TIED, chinchilla_runs, draws=0).objective > fit(CHINCHILLA, chinchilla_runs, draws=0).objective


def test_a_tied_fit_is_examined_as_one_of_four_parameters(chinchilla_runs):
    found = fit(TIED, chinchilla_runs, draws=0)
    profiled = profiles(found, chinchilla_runs)
    assert set(profiled.by_symbol) == {"E", "A", "B", "beta"}
    assert profiled.by_symbol["beta"].identified
    owed = influence(found, chinchilla_runs)
    assert owed["prediction"].median() == pytest.approx(
        found.predict(chinchilla_runs.nlargest(1, "flops"))[0], rel=0.01
    )
    target = pd.DataFrame({"n_params": [7e10], "n_tokens": [1.4e12]})
    assert 0 < next_runs(found, chinchilla_runs, target, 1e22, 2).shrinkage < 1
    assert (
        "with 4 free parameters (E, A, B, beta) and alpha = beta held" in checklist(found, chinchilla_runs).paragraph()
    )


def test_a_held_value_holds_both(chinchilla_runs):
    found = fit(TIED, chinchilla_runs, fixed={"beta": 0.36}, draws=0)
    assert (found.values["alpha"], found.free) == (0.36, ("E", "A", "B"))
    expected = fit(CHINCHILLA, chinchilla_runs, fixed={"alpha": 0.36, "beta": 0.36}, draws=0)
    assert found.objective == pytest.approx(expected.objective, rel=1e-9)
    with pytest.raises(ValueError, match=r"alpha=0\.36: alpha is tied to beta; give beta that value"):
        fit(TIED, chinchilla_runs, fixed={"alpha": 0.36})


def test_bounds_of_either_hold_for_both(chinchilla_runs):
    terms = Terms(tied={"alpha": "beta"}, bounds={"alpha": (0.3, 0.5), "beta": (0.4, 0.6)})
    law = on_terms(CHINCHILLA, terms)
    assert {param.symbol: param.bounds for param in law.params if param.symbol in terms.bounds} == {
        "alpha": (0.4, 0.5),
        "beta": (0.4, 0.5),
    }
    found = fit(law, chinchilla_runs, draws=0)
    assert found.values["alpha"] == pytest.approx(0.4)
    assert found.status is Status.AT_BOUND


def test_both_may_have_one_value_per_group(chinchilla_runs):
    runs = chinchilla_runs.assign(family=np.where(chinchilla_runs["n_params"] > 1e9, "large", "small"))
    law = on_terms(CHINCHILLA, Terms(per=dict.fromkeys(("alpha", "beta"), "family"), tied={"alpha": "beta"}))
    found = fit(law, runs, draws=3)
    for group in ("large", "small"):
        assert found.values[f"alpha[{group}]"] == found.values[f"beta[{group}]"]
    np.testing.assert_allclose(found.predict(runs), law.evaluate(found.values, runs), rtol=1e-13)


def test_a_staged_fit_keeps_the_tie_of_its_base(made_up):
    law = on_terms(QUARTET, Terms(tied={"alpha": "beta"}))
    truth, runs = made_up(law, 200)
    runs = runs.assign(loss=QUARTET.evaluate(truth | {"alpha": truth["beta"]}, runs))
    _, found = fit_staged(law, runs, draws=5)
    assert found.values["alpha"] == found.values["beta"]
    np.testing.assert_allclose(found.predict(runs), runs["loss"], rtol=1e-6)


def test_a_law_with_tied_parameters_travels_between_processes():
    assert pickle.loads(pickle.dumps(TIED)) == TIED
    assert pickle.loads(pickle.dumps(TIED)).tied == {"alpha": "beta"}


BAD_TIES: dict[str, tuple[Law, dict[str, str], str]] = {
    "unknown": (CHINCHILLA, {"alpha": "gamma"}, "law chinchilla has no parameter 'gamma'"),
    "itself": (CHINCHILLA, {"alpha": "alpha"}, "alpha is tied to alpha, which is tied itself"),
    "chain": (CHINCHILLA, {"A": "B", "B": "E"}, "A is tied to B, which is tied itself; tie each to one parameter"),
    "other groups": (QUARTET, {"eff_n": "eff_d"}, "eff_n and eff_d do not have one searched value for the same runs"),
    "group and none": (QUARTET, {"eff_n": "alpha"}, "eff_n and alpha do not have one searched value for the same runs"),
    "constant": (LAWS["lr_annealing"], {"alpha": "lambda_"}, "alpha and lambda_ do not have one searched value"),
    "no value": (
        LAWS["data_filtering"],
        {"tau": "b"},
        "no value suits tau and b, whose bounds are 0.01 to 10000 and -5",
    ),
}


@pytest.mark.parametrize("case", BAD_TIES)
def test_ties_that_make_no_sense_are_said(case):
    law, tied, sentence = BAD_TIES[case]
    with pytest.raises(ValueError) as error:
        on_terms(law, Terms(tied=tied))
    assert sentence in str(error.value)


def test_the_command_line_ties_and_any_law_of_that_name_predicts_from_what_it_wrote(call, chinchilla_runs, tmp_path):
    code, out, err = call("fit", "--law", "chinchilla", CSV, "--tie", "alpha=beta", "--bootstrap", 0, "--json")
    assert code == 0, err
    params = json.loads(out)["params"]
    assert params["alpha"] == params["beta"]
    assert json.loads(out)["objective"] == pytest.approx(fit(TIED, chinchilla_runs, draws=0).objective, rel=1e-9)
    (tmp_path / "fit.json").write_text(out, encoding="utf-8")
    (tmp_path / "x.csv").write_text("n_params,n_tokens\n7e10,1.4e12\n", encoding="utf-8")
    code, out, err = call("predict", "--law", "chinchilla", "--params", tmp_path / "fit.json", tmp_path / "x.csv")
    assert code == 0, err
    expected = TIED.evaluate(params, {"n_params": 7e10, "n_tokens": 1.4e12})
    assert float(out.splitlines()[1].split(",")[-1]) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--tie", "alpha"), "'alpha' is not SYMBOL=SYMBOL; write for example alpha=beta"),
        (("--tie", "alpha=0.3"), "law chinchilla has no parameter '0.3'"),
        (("--tie", "alpha=beta", "--fix", "alpha=0.3"), "alpha=0.3: alpha is tied to beta; give beta that value"),
    ],
)
def test_ties_that_cannot_be_read_are_bad_calls(words, sentence, call):
    code, out, err = call("fit", "--law", "chinchilla", CSV, *words)
    assert (code, out) == (2, ""), err
    assert sentence in err
