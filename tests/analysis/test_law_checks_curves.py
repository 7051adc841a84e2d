"""The laws of whole loss curves predict schedules that they were not fitted on, as well as published and worked out."""

import numpy as np
import pandas as pd
import pytest

from analysis.fits.fitting import fit
from analysis.laws import LAWS

ANNEALING, MULTI_POWER = LAWS["lr_annealing"], LAWS["multi_power_law"]
SIZES = ["25M", "100M", "400M"]
UNSEEN = ["constant_72000", "cosine_72000", "wsd_20000_24000", "wsdld_20000_24000", "wsdcon_3", "wsdcon_18"]


@pytest.fixture(scope="module")
def curves(loss_curves):
    """curves(size, schedule, ...) -> the points of those curves of multi_power_law_2025."""

    def take(size: str, *schedules: str) -> pd.DataFrame:
        points = loss_curves[loss_curves["curve_id"].isin([f"mpl-{size}-{name}" for name in schedules])]
        assert points["curve_id"].nunique() == len(schedules)
        return points

    return take


@pytest.fixture(scope="module")
def annealing_fits(curves):
    """annealing_fits(size, schedule, ...) -> the fit of the annealing law to those curves."""
    known = {}

    def get(size: str, *schedules: str):
        if (size, schedules) not in known:
            known[size, schedules] = fit(ANNEALING, curves(size, *schedules), draws=0)
        return known[size, schedules]

    return get


def final_error(found, points):
    """Predicted less logged loss at the last point."""
    return float(found.predict(points)[-1] - points["loss"].iloc[-1])


@pytest.mark.row("R59")
@pytest.mark.parametrize(
    ("schedule", "printed"),
    [("constant_24000", -0.006), ("wsdld_20000_24000", -0.014), ("wsd_20000_24000", -0.027), ("cosine_72000", -0.013)],
)
def test_one_cosine_curve_of_the_400m_model_predicts_the_final_losses_of_other_schedules(
    schedule, printed, curves, annealing_fits
):
    error = final_error(annealing_fits("400M", "cosine_24000"), curves("400M", schedule))
    assert abs(error) < 0.03, error
    assert error == pytest.approx(printed, abs=0.003)


def test_one_curve_is_not_enough_for_the_smallest_model(curves, annealing_fits):
    error = final_error(annealing_fits("25M", "cosine_24000"), curves("25M", "constant_72000"))
    assert 0.03 < error < 0.05, error


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("variant", ["cosine_24000", "cosine_72000", "cosine_24000+constant_24000"])
def test_refits_agree_with_those_made_apart_from_this_code(size, variant, annealing_fits, published):
    found = annealing_fits(size, *variant.split("+"))
    refit = published("lr_annealing", f"own_refit_mpl_{size}_{variant}")
    for name, value in refit.items():
        assert found.values[name] == pytest.approx(value, rel=0.05), (name, found.values[name], value)


@pytest.mark.parametrize(("size", "rms"), [("25M", 0.0074), ("100M", 0.0075), ("400M", 0.0093)])
def test_two_curves_predict_the_seven_others_within_a_hundredth(size, rms, curves, annealing_fits):
    found = annealing_fits(size, "cosine_24000", "constant_24000")
    points = curves(size, *UNSEEN, "wsdcon_9")
    error = found.predict(points) - points["loss"].to_numpy()
    per_curve = pd.Series(error**2).groupby(points["curve_id"].to_numpy()).mean() ** 0.5
    assert per_curve.mean() == pytest.approx(rms, abs=0.001), per_curve
    finals = {name: final_error(found, curves(size, name)) for name in UNSEEN}
    assert max(abs(error) for error in finals.values()) < 0.03, finals


@pytest.mark.parametrize(("decay", "low", "high"), [(0.99, 3.5, 7.0), (0.999, 0.5, 0.65), (0.9995, 0.15, 0.35)])
def test_what_annealing_gains_scales_with_the_response_time(decay, low, high, curves):
    points = curves("400M", "cosine_24000", "constant_24000")
    found = fit(ANNEALING, points, fixed={"lambda_": decay}, draws=0)
    assert low < found.values["C"] < high, found.values
    assert found.values["lambda_"] == decay


def test_a_constant_rate_says_nothing_of_what_annealing_gains(curves):
    found = fit(ANNEALING, curves("100M", "constant_24000"), draws=0)
    assert "C" in found.blind


def test_at_another_peak_rate_the_coefficients_do_not_hold(loss_curves):
    own = loss_curves[(loss_curves["source_id"] == "lr_schedules_convex_2025") & (loss_curves["n_params"] < 2e8)]
    own = own[own["step"] > own["warmup_steps"]]
    peak = own[own["peak_learning_rate"] == 1e-3]
    fitted = peak[peak["schedule"].str.startswith(("cosine to 0.0001", "constant"))]
    found = fit(ANNEALING, fitted, draws=0)
    finals = {name: final_error(found, points) for name, points in peak.groupby("curve_id")}
    assert max(abs(error) for error in finals.values()) < 0.02, finals
    for rate in (5e-4, 2e-3):
        other = own[(own["peak_learning_rate"] == rate) & own["schedule"].str.startswith("cosine")]
        finals = [final_error(found, points) for _, points in other.groupby("curve_id")]
        assert min(abs(error) for error in finals) > 0.06, finals


@pytest.mark.parametrize(
    ("size", "error", "at_worst", "r2"),
    [("25M", 0.0011, 0.004, 0.9988), ("100M", 0.0014, 0.006, 0.9983), ("400M", 0.0017, 0.010, 0.9978)],
)
def test_the_multi_power_sets_reach_the_errors_of_their_authors_on_their_unseen_curves(
    size, error, at_worst, r2, curves, published
):
    relative, worst, explained = [], [], []
    for name in UNSEEN:
        points = curves(size, name)
        loss = points["loss"].to_numpy()
        predicted = MULTI_POWER.evaluate(published("multi_power_law", size), points)
        relative.append(np.abs(predicted / loss - 1).mean())
        worst.append(np.abs(predicted / loss - 1).max())
        explained.append(1 - ((predicted - loss) ** 2).sum() / ((loss - loss.mean()) ** 2).sum())
    assert np.mean(relative) == pytest.approx(error, abs=6e-5)
    assert np.mean(explained) == pytest.approx(r2, abs=2e-4)
    assert published("multi_power_law_fit_quality", size)["R2"] == r2
    assert np.mean(worst) == pytest.approx(at_worst, abs=2e-4), worst
