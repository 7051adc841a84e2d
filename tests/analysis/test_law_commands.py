"""Every law is listed, fitted and evaluated from the command line, by the names of its columns."""

import io
import json

import numpy as np
import pandas as pd
import pytest

from analysis.laws import LAWS
from analysis.laws.columns import COLUMNS

each_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


def written(tmp_path, table):
    path = tmp_path / "table.csv"
    table.to_csv(path, index=False)
    return path


def test_the_list_says_what_each_law_reads_predicts_and_derives(call):
    listed = {row["name"]: row for row in json.loads(call("laws", "--json")[1])}
    assert list(listed) == list(LAWS)
    for name, law in LAWS.items():
        row = listed[name]
        assert (row["inputs"], row["predicts"], row["notes"]) == (list(law.inputs), law.target, list(law.notes))
        assert [quantity["name"] for quantity in row["derived"]] == [quantity.name for quantity in law.derived]
        assert [limit["sentence"] for limit in row["ranges"]] == [limit.sentence for limit in law.ranges]
    _, plain, _ = call("laws")
    for law in LAWS.values():
        assert f"{', '.join(law.inputs)} -> {law.target}" in plain


@each_law
def test_a_fit_from_a_file_predicts_the_file(law, call, tmp_path, made_up):
    _, runs = made_up(law, 80)
    path, fitted = written(tmp_path, runs), tmp_path / "fit.json"
    code, out, err = call("fit", "--law", law.name, path, "--bootstrap", "0", "--json")
    assert code == 0, err
    fitted.write_text(out)
    code, out, err = call("predict", "--law", law.name, "--params", fitted, path)
    assert (code, err) == (0, "")
    table = pd.read_csv(io.StringIO(out))
    np.testing.assert_allclose(table["predicted"], runs[law.target], rtol=1e-5)


@each_law
def test_a_file_without_the_target_or_an_input_is_answered_with_its_name(law, call, tmp_path, made_up):
    _, runs = made_up(law, 9)
    for name in (law.target, *law.required_inputs):
        path = written(tmp_path, runs.drop(columns=name))
        code, out, err = call("fit", "--law", law.name, path)
        assert (code, out) == (1, "")
        assert f"has no column {name};" in err


@each_law
def test_a_file_without_the_inputs_that_have_a_meaning_when_missing_will_do(law, call, tmp_path, made_up):
    values, runs = made_up(law, 9)
    needed = tuple(f"{param.symbol}[" for param in law.groups if param.required)
    optional = [param.per for param in law.groups if not param.required]
    plain = runs.drop(columns=[*law.absent, law.target, *optional], errors="ignore")
    params = tmp_path / "params.json"
    kept = {name: value for name, value in values.items() if "[" not in name or name.startswith(needed)}
    params.write_text(json.dumps(kept))
    code, out, err = call("predict", "--law", law.name, "--params", params, written(tmp_path, plain))
    assert code == 0, err
    assert len(pd.read_csv(io.StringIO(out))) == 9


@each_law
def test_a_number_that_a_column_cannot_hold_is_named_with_its_row(law, call, tmp_path, made_up):
    _, runs = made_up(law, 9)
    for name in law.numeric_inputs:
        spoiled = runs.astype({name: float})
        spoiled.loc[4, name] = -1.0
        code, _, err = call("fit", "--law", law.name, written(tmp_path, spoiled))
        from_zero = "from 0 on" if COLUMNS[name].zero else "above 0"
        assert code == 1
        assert f"row 6: {name} is -1.0; write a finite number {from_zero}" in err


def test_rows_outside_a_law_are_said_beside_the_prediction(call, tmp_path, published):
    table = pd.DataFrame({"n_params": 1e8, "n_tokens": 1e10, "activation_bits": [3, 4, 8]})
    params = tmp_path / "params.json"
    params.write_text(json.dumps(published("precision")))
    code, out, err = call("predict", "--law", "precision", "--params", params, written(tmp_path, table))
    assert code == 0
    assert "1 of 3 rows lie outside the law: training diverged with activations at 3 bits" in err
    assert pd.read_csv(io.StringIO(out))["predicted"].isna().tolist() == [True, False, False]


def test_a_loss_curve_is_fitted_and_continued_from_the_command_line(call, tmp_path, loss_curves):
    columns = ["curve_id", "step", "learning_rate", "warmup_steps", "loss"]
    fitted, other = (loss_curves[loss_curves["curve_id"] == f"mpl-400M-{name}"][columns] for name in
                     ("cosine_24000", "wsdld_20000_24000"))  # fmt: skip
    path = tmp_path / "fit.json"
    code, out, err = call("fit", "--law", "lr_annealing", written(tmp_path, fitted), "--bootstrap", "0", "--json")
    assert code == 0, err
    path.write_text(out)
    assert json.loads(out)["params"]["lambda_"] == 0.999
    code, out, _ = call("predict", "--law", "lr_annealing", "--params", path, written(tmp_path, other))
    predicted = pd.read_csv(io.StringIO(out))["predicted"]
    assert abs(predicted.iloc[-1] - other["loss"].iloc[-1]) < 0.03


def test_tokens_in_place_of_steps_are_refused_in_a_sentence(call, tmp_path):
    table = pd.DataFrame({"step": [1e9, 2e9, 3e9], "learning_rate": 1e-3, "loss": [3.0, 2.9, 2.8]})
    code, _, err = call("fit", "--law", "lr_annealing", written(tmp_path, table))
    assert code == 1
    assert "write optimizer steps up to 1e+07, not tokens" in err


def test_what_a_law_derives_is_added_by_its_name(call, tmp_path):
    law, params = LAWS["ptq_degradation"], "k=0.04,beta_D=0.5,alpha_N=0.25,gamma_P=5.5"
    table = pd.DataFrame({"n_params": [1.7e9, 7e9], "n_tokens": 11e12, "post_bits": 4, "loss_increase": 0.2})
    path = written(tmp_path, table)
    code, out, err = call("predict", "--law", law.name, "--params", params, path, "--derive", "d_reach")
    assert code == 0, err
    found = pd.read_csv(io.StringIO(out))
    values = dict(pair.split("=") for pair in params.split(","))
    again = law.evaluate({k: float(v) for k, v in values.items()}, table.assign(n_tokens=found["d_reach"]))
    np.testing.assert_allclose(again, 0.2)
    code, out, err = call("predict", "--law", law.name, "--params", params, path, "--derive", "joy")
    assert (code, out) == (2, "")
    assert "derives no 'joy'; it derives loss_increase, d_reach" in err
