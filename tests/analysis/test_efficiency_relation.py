"""From error to efficiency: the relation against the figures published with it, and what estimates say."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import curve_fit

from analysis.formats import FORMATS, get_format
from analysis.formats.reference import reference_error
from analysis.plans.efficiency import estimated_backward, estimated_forward, fitted_relations
from analysis.plans.relation import LOGISTIC

DATA = Path(__file__).parents[2] / "results_db" / "data"


@pytest.fixture(scope="module")
def rows():
    return pd.read_csv(DATA / "efficiency_relation.csv")


@pytest.fixture(scope="module")
def relations(rows):
    return fitted_relations(rows)


# Relation: parameters, rms of the residuals, then rms (and largest, where given) with one point, one quantizer and
# one source left out, as printed in published/efficiency_relation.md.
PRINTED = {
    "forward": ((7.37, 0.643), 0.023, {"point": (0.025, 0.060), "quantizer": (0.026, 0.061), "source": (0.052, 0.152)}),
    "four_bit": ((46.3,), 0.019, {"point": (0.021, 0.050), "quantizer": (0.021, 0.051)}),
    "logistic": ((45.0,), 0.032, {"point": (0.033, 0.103), "source": (0.034, 0.099)}),
    "backward": ((4.29,), 0.016, {"point": (0.016, 0.042), "quantizer": (0.019, None), "source": (0.017, None)}),
}
POINTS = {"forward": 25, "four_bit": 15, "logistic": 25, "backward": 10}


@pytest.mark.parametrize("name", PRINTED)
def test_parameters_and_leave_out_errors_are_the_published_ones(relations, name):
    found, (values, rms, left_out) = getattr(relations, name), PRINTED[name]
    assert len(found.points) == POINTS[name]
    assert found.values == pytest.approx(values, rel=2e-3)
    assert found.rms == pytest.approx(rms, abs=5e-4)
    for by, (typical, largest) in left_out.items():
        assert found.error(by) == pytest.approx(typical, abs=6e-4), by
        assert largest is None or np.abs(found.left_out[by]).max() == pytest.approx(largest, abs=6e-4), by


def test_intervals_agree_with_the_shipped_ones(relations):
    shipped = pd.read_csv(DATA / "law_coefficients.csv").query("law == 'efficiency_relation_own'")
    for name, variant in (
        ("forward", "effN_exp_all_bits"),
        ("four_bit", "effN_logistic_4bit"),
        ("logistic", "effN_logistic_all_bits"),
        ("backward", "effD_exp"),
    ):
        for symbol, ends in getattr(relations, name).intervals.items():
            row = shipped[(shipped["variant"] == variant) & (shipped["symbol"] == symbol)].iloc[0]
            width = row["high"] - row["low"]
            assert ends == pytest.approx((row["low"], row["high"]), abs=0.35 * width), (name, symbol)


def test_leaving_a_point_out_is_a_fit_without_it(relations):
    points = relations.four_bit.points
    for i in range(len(points)):
        rest = points.only(np.arange(len(points)) != i)
        (k,), _ = curve_fit(lambda mse, k: LOGISTIC.predict([k], mse), rest.mse, rest.eff, [45.0])
        error = LOGISTIC.predict([k], points.mse[[i]])[0] - points.eff[i]
        assert relations.four_bit.left_out["point"][i] == pytest.approx(error, abs=1e-5), points.names[i]


# The efficiencies that published/efficiency_relation.md predicts in words.
SAID = [("int5", 0.82), ("int6", 0.92), ("int7", 0.96)]


@pytest.mark.parametrize(("grid", "eff"), SAID)
def test_forward_estimates_are_those_in_words(relations, rows, grid, eff):
    gaussian = rows[(rows["method"] == f"quest_{grid}") & rows["distribution"].str.contains("normal, unit")]
    assert len(gaussian)
    mse = float(gaussian["mse"].iloc[0])
    assert relations.forward.form.predict(relations.forward.values, np.array([[mse, mse]]))[0] == pytest.approx(
        eff, abs=0.006
    )


@pytest.mark.parametrize(
    ("method", "eff"),
    [("mxfp4_sr_absmax", 0.89), ("mxfp4_rtn_absmax", 0.94), ("nvfp4_mseden_v128", 0.96), ("nvfp4_sr_1x16", 0.90)],
)
def test_backward_estimates_are_those_in_words(relations, rows, method, eff):
    mse = rows[(rows["method"] == method) & (rows["role"] == "backward")]["mse"].iloc[0]
    assert estimated_backward(relations, mse, 0.0).value == pytest.approx(eff, abs=0.006)


# Method of the table, our format and rounding: the same quantizer on the same reference input.
SAME = [("mxfp4_rtn_ocp", "mxfp4"), ("nvfp4_rtn_1x16", "nvfp4"), ("nvfp4_46_1x16", "nvfp4_46")]


@pytest.mark.parametrize(("method", "name"), SAME)
def test_the_reference_error_is_the_published_one(rows, method, name):
    own = rows[(rows["method"] == method) & (rows["transform"] == "none")]
    wanted = "octave" if name == "mxfp4" else "unit variance"
    row = own[own["distribution"].str.startswith("normal") & own["distribution"].str.contains(wanted)].iloc[0]
    found = reference_error(FORMATS[name])
    assert found.mse == pytest.approx(row["mse"], abs=4 * found.standard_error)
    assert found.misalignment == pytest.approx(1 - row["alignment"], abs=1e-3)


def test_an_estimate_carries_the_error_of_a_format_of_another_group(relations):
    inside = estimated_forward(relations, (0.0134, 0.0134))
    assert (inside.form, inside.error) == ("logistic", relations.logistic.error("source"))
    assert inside.low < 0.62 < inside.high
    assert inside.high - inside.low == pytest.approx(2 * 1.96 * inside.error)
    wide = estimated_forward(relations, (0.1, 0.1))
    assert (wide.form, wide.error) == ("exponential", relations.forward.error("source"))
    assert not inside.cautions
    assert not wide.cautions


def test_an_operand_that_is_not_quantized_costs_nothing(relations):
    both, weights = estimated_forward(relations, (0.03734, 0.03734)), estimated_forward(relations, (0.03734, 0.0))
    assert weights.value**2 == pytest.approx(both.value)


def test_errors_outside_the_evidence_and_shrunken_gradients_are_said(relations):
    assert "errors of 8.6e-05 to 0.36, this one is 0.5" in estimated_forward(relations, (0.5, 0.5)).cautions[0]
    assert "this one is 1e-06" in estimated_forward(relations, (1e-6, 1e-6)).cautions[0]
    (caution,) = estimated_backward(relations, 0.0134, 0.03).cautions
    assert "shrinks gradients by 3%" in caution
    assert "diverged" in caution


def test_estimates_stay_between_a_hundredth_and_one(relations):
    best, worst = estimated_forward(relations, (1e-9, 1e-9)), estimated_forward(relations, (0.9, 0.9))
    assert best.high == 1.0
    assert worst.low == 0.01


@pytest.mark.parametrize("scale_format", ["e8m0", "ue4m3"])
def test_a_scale_format_has_no_reference_error(scale_format):
    with pytest.raises(ValueError, match="holds no negative values; choose a format for tensors"):
        reference_error(get_format(scale_format))


@pytest.mark.parametrize("keep", [lambda r: r["role"] == "backward", lambda r: r["eff_source_id"] == "quest_2025"])
def test_a_table_without_enough_points_is_refused_with_what_is_missing(rows, keep):
    with pytest.raises(ValueError, match=r"points of \d sources with in_fit; a relation needs 4 points of 2 sources"):
        fitted_relations(rows[keep(rows)])


def test_the_command_prints_both_factors_with_intervals(call):
    table = DATA / "efficiency_relation.csv"
    code, out, _ = call("efficiency", table, "--format", "mxfp4,nvfp4", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["relations"]["four_bit"]["params"]["k"] == pytest.approx(46.3, abs=0.05)
    for pair in document["formats"].values():
        assert pair["eff_n"]["low"] < pair["eff_n"]["value"] < pair["eff_n"]["high"]
        assert pair["eff_d"]["low"] < pair["eff_d"]["value"] < pair["eff_d"]["high"]
    assert document["formats"]["nvfp4"]["eff_n"]["value"] > document["formats"]["mxfp4"]["eff_n"]["value"]
    code, out, _ = call("efficiency", table, "--format", "mxfp4")
    assert code == 0
    assert out.startswith("mxfp4        eff_n 0.6")


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ("method,role\n", 1, "has no column alignment"),
        (
            "method,role,mse,alignment,eff,eff_source_id,point,operand,in_fit\na,forward,x,1,1,s,p,w,true\n",
            1,
            "row 2: mse is 'x'; write a number",
        ),
        (
            "method,role,mse,alignment,eff,eff_source_id,point,operand,in_fit\na,forward,,1,1,s,p,w,true\n",
            1,
            "row 2: a row with in_fit lacks mse, alignment or eff",
        ),
        (
            "method,role,mse,alignment,eff,eff_source_id,point,operand,in_fit\na,forward,0.1,1,1,s,p,w,true\n",
            1,
            "1 forward points of 1 sources",
        ),
        (
            "method,role,mse,alignment,eff,eff_source_id,point,operand,in_fit\n" + 2 * "a,forward,0.1,1,1,s,p,w,true\n",
            1,
            "point 'p' has 2 rows",
        ),
    ],
)
def test_a_bad_table_gets_a_sentence(call, tmp_path, text, code, sentence):
    path = tmp_path / "relation.csv"
    path.write_text(text)
    found, out, err = call("efficiency", path, "--format", "mxfp4")
    assert (found, out) == (code, "")
    assert sentence in err


def test_an_unknown_format_is_a_bad_call(call):
    code, _, err = call("efficiency", DATA / "efficiency_relation.csv", "--format", "mxfp4,fp9")
    assert code == 2
    assert "unknown format 'fp9'" in err
