"""Learning-rate schedules rebuilt from logged points, and what curve laws sum over them, against plain loops."""

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from analysis.fits.bootstrap import resample
from analysis.fits.fitting import fit
from analysis.fits.problem import Problem
from analysis.laws import LAWS
from analysis.laws.curves import schedules, stretches
from analysis.laws.param import to_search
from analysis.trust.influence import influence


def points(steps, rates, warmup=0.0, curve="a"):
    return pd.DataFrame({"curve_id": curve, "step": steps, "learning_rate": rates, "warmup_steps": warmup})


def rates_of(table):
    return next(schedules(table)).rates


def test_rates_between_logged_points_are_interpolated():
    np.testing.assert_allclose(rates_of(points([2, 6], [1.0, 0.6])), [1, 1, 1, 0.9, 0.8, 0.7, 0.6])


def test_before_the_first_logged_point_a_warm_up_rises_linearly_and_then_stays():
    np.testing.assert_allclose(rates_of(points([6, 7], [0.8, 0.6], 4)), [0, 0.2, 0.4, 0.6, 0.8, 0.8, 0.8, 0.6])


def test_points_logged_in_the_warm_up_are_kept_and_its_end_has_the_rate_that_follows():
    np.testing.assert_allclose(rates_of(points([2, 6], [0.5, 1.0], 4)), [0, 0.25, 0.5, 0.75, 1, 1, 1])


def test_a_curve_that_ends_in_its_warm_up_is_what_was_logged():
    np.testing.assert_allclose(rates_of(points([2, 4], [0.5, 1.0], 100)), [0, 0.25, 0.5, 0.75, 1])


def test_a_jump_between_two_constant_stretches_happens_where_the_second_begins():
    np.testing.assert_allclose(rates_of(points([1, 3, 6, 8], [1.0, 1.0, 0.2, 0.2])), [1, 1, 1, 1, 1, 1, 0.2, 0.2, 0.2])
    np.testing.assert_allclose(rates_of(points([1, 3, 5, 7], [1.0, 1.0, 0.4, 0.2])), [1, 1, 1, 1, 0.7, 0.4, 0.3, 0.2])


def test_rows_of_several_curves_in_any_order_find_their_own_schedule():
    table = pd.concat([points([4, 2], [0.5, 1.0]), points([3, 1], [2.0, 2.0], curve="b"), points([6], [0.5])])
    table = table.reset_index(drop=True)
    first, second = schedules(table)
    assert list(first.rows) == [1, 0, 4]
    assert list(first.steps) == [2, 4, 6]
    assert list(second.rows) == [3, 2]
    np.testing.assert_allclose(second.rates, [2, 2, 2, 2])


def test_points_without_names_are_one_curve():
    table = points([2, 4], [1.0, 1.0]).drop(columns="curve_id")
    assert [list(curve.rows) for curve in schedules(table)] == [[0, 1]]


def test_a_stretch_is_a_fifth_of_a_curve_in_the_order_of_its_steps():
    table = pd.concat([points(np.arange(40, 0, -1), 1.0), points([5, 6, 7], 1.0, curve="b")]).reset_index(drop=True)
    found = stretches(table)
    assert found[:40].tolist() == [k for k in range(4, -1, -1) for _ in range(8)]
    assert found[40:].tolist() == [5, 6, 7]


def test_what_is_left_out_is_a_curve_or_a_fifth_of_the_only_one(made_up):
    law = LAWS["lr_annealing"]
    _, runs = made_up(law, 200, noise=0.003)
    one = runs[runs["curve_id"] == "1"]
    for rows, names in ((runs, ["0", "1", "2", "3"]), (one, [f"part {number}" for number in range(1, 6)])):
        found = fit(law, rows, draws=0, starts=8)
        table = influence(found, rows)
        assert table["left_out"].tolist() == names
        last = found.predict(rows)[rows["step"].argmax()]  # with all that came before it on its curve
        assert table["prediction"].median() == pytest.approx(last, rel=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_errors_that_go_along_a_curve_widen_the_intervals(seed, made_up):
    law = LAWS["lr_annealing"]
    _, runs = made_up(law, 400)
    noise = np.zeros(400)
    for curve in range(4):  # every error remembers four fifths of the one before
        noise[curve::4] = lfilter([0.6], [1.0, -0.8], np.random.default_rng([seed, curve]).standard_normal(100))
    noisy = runs.assign(loss=runs["loss"] * np.exp(0.003 * noise))
    found = fit(law, noisy, delta=1e-2, draws=300, starts=8)
    points = Problem(law, noisy, {}, logs=True)
    points.blocks = np.arange(400)
    best = to_search([found.values[name] for name in points.names], points.signs)
    apart = resample(points, best, 1e-2, 300, np.random.default_rng(seed)).intervals()
    for name in ("L0", "A", "alpha", "C"):
        widths = [high - low for low, high in (found.intervals[name], apart[name])]
        assert widths[0] > 1.5 * widths[1], (name, widths)


def test_tokens_in_place_of_steps_are_refused_with_advice():
    with pytest.raises(ValueError, match=r"curve a: step is 2e\+10; write optimizer steps up to 1e\+07, not tokens"):
        next(schedules(points([20_000_000_000], [1e-3])))


def zigzag(seed=0, count=60):
    rng = np.random.default_rng(seed)
    steps = np.sort(rng.choice(np.arange(20, 900), count, replace=False))
    return points(steps, rng.uniform(1e-4, 1e-3, count), 30.0)


@pytest.mark.parametrize("seed", range(3))
def test_the_two_areas_are_the_printed_sums_over_steps(seed):
    table = zigzag(seed)
    curve = next(schedules(table))
    area, momentum, annealed = [0.0], 0.0, [0.0]
    for i in range(1, len(curve.rates)):
        area.append(area[-1] + curve.rates[i])
        drop = curve.rates[i - 1] - curve.rates[i] if i > 30 else 0.0
        momentum = 0.99 * momentum + drop
        annealed.append(annealed[-1] + momentum)
    np.testing.assert_allclose(curve.area(), area, rtol=1e-12)
    np.testing.assert_allclose(curve.annealing(0.99), annealed, rtol=1e-9, atol=1e-15)
    values = {"L0": 2.5, "A": 0.6, "alpha": 0.4, "C": 0.5, "lambda_": 0.99}
    expected = [2.5 + 0.6 * area[s] ** -0.4 - 0.5 * annealed[s] for s in table["step"]]
    np.testing.assert_allclose(LAWS["lr_annealing"].evaluate(values, table), expected, rtol=1e-12)


def plain_multi_power(v, table):
    """The printed sum over every step, one step at a time."""
    curve = next(schedules(table))
    area = np.cumsum(curve.rates) - curve.rates[0]
    losses = []
    for s in table["step"]:
        gain = 0.0
        for k in range(1, s + 1):
            if curve.rates[k] != curve.rates[k - 1]:
                progress = v["C"] * curve.rates[k] ** -v["gamma"] * (area[s] - area[k - 1])
                gain += (curve.rates[k - 1] - curve.rates[k]) * (1 - (progress + 1) ** -v["beta"])
        losses.append(v["L0"] + v["A"] * area[s] ** -v["alpha"] - v["B"] * gain)
    return np.array(losses)


SETS = {"L0": 2.65, "A": 0.601, "alpha": 0.453, "B": 437.9, "C": 2.13, "beta": 0.598, "gamma": 0.655}


@pytest.mark.parametrize("shape", ["cosine", "constant", "linear decay at the end", "two stages"])
def test_the_multi_power_law_is_the_sum_over_every_step_within_a_ten_thousandth(shape):
    part = np.linspace(0.1, 1.0, 25)
    shapes = {
        "cosine": 0.55 + 0.45 * np.cos(np.pi * part),
        "constant": np.ones(25),
        "linear decay at the end": np.minimum(1.0, 4.6 - 4.5 * part),
        "two stages": np.where(part < 0.5, 1.0, 0.3),
    }
    table = points((8000 * part).round().astype(int), 3e-4 * shapes[shape], 700.0)
    np.testing.assert_allclose(
        LAWS["multi_power_law"].evaluate(SETS, table), plain_multi_power(SETS, table), rtol=0, atol=1e-4
    )


def test_rates_that_end_at_zero_leave_a_finite_loss():
    table = points([500, 1000, 1500, 2000], [1e-3, 5e-4, 0.0, 0.0], 100.0)
    for name, values in {
        "multi_power_law": SETS,
        "lr_annealing": {"L0": 2.5, "A": 0.6, "alpha": 0.4, "C": 0.5},
    }.items():
        assert np.isfinite(LAWS[name].evaluate(values, table)).all(), name
