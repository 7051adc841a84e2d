"""Schedules made to order and pruning at equal compute, against logged curves and sums."""

import numpy as np
import pytest

from analysis.laws import LAWS
from analysis.plans.pruning import at_equal_compute, schedules
from analysis.plans.schedules import SHAPES, Schedule, curve, share_of_sweep


@pytest.mark.row("R62")
def test_80_schedules_are_listed_and_at_equal_compute_only_the_average_size_counts():
    table = schedules()
    assert len(table) == 80
    half = table[(table["kept_share"] == 0.5) & (table["prune_start"] == 0.25) & np.isclose(table["prune_end"], 0.75)]
    assert half["average_share"].tolist() == pytest.approx([0.25 + 0.5 * 0.75 + 0.25 * 0.5])
    values = {"E": 1.8, "A": 480.0, "B": 2085.0, "alpha": 0.35, "beta": 0.37}
    ranked = at_equal_compute(values, 2e9, 1e21)
    flops = 6 * ranked["average_share"] * 2e9 * ranked["n_tokens"]
    np.testing.assert_allclose(flops, 1e21)
    dense = LAWS["chinchilla"].evaluate(
        values, {"n_params": 2e9 * ranked["average_share"], "n_tokens": ranked["n_tokens"]}
    )
    np.testing.assert_allclose(ranked["loss"], dense)
    assert ranked["loss"].is_monotonic_increasing


@pytest.mark.row("R59")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_schedule_ends_where_it_is_asked_to_and_the_law_of_curves_reads_it(shape, published):
    points = curve(Schedule(shape, 24_000, 3e-4, 2_000, 0.1, 0.2), "mine")
    assert points["step"].iloc[-1] == 24_000
    assert points["learning_rate"].iloc[-1] == pytest.approx(3e-4 if shape == "constant" else 3e-5)
    assert points["learning_rate"].max() <= 3e-4 * (1 + 1e-12)
    losses = LAWS["lr_annealing"].evaluate(published("lr_annealing", "own_refit_mpl_400M_cosine_24000"), points)
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


@pytest.mark.row("R59")
def test_a_made_up_cosine_has_the_loss_of_the_logged_one(published, loss_curves):
    own = loss_curves[loss_curves["curve_id"] == "mpl-400M-cosine_24000"]
    values, last = published("lr_annealing", "own_refit_mpl_400M_cosine_24000"), own.iloc[-1]
    made = curve(Schedule("cosine", int(last["step"]), float(own["learning_rate"].max()), int(last["warmup_steps"]),
                          float(last["learning_rate"] / own["learning_rate"].max())), "made")  # fmt: skip
    predicted = LAWS["lr_annealing"].evaluate(values, made)[-1]
    assert predicted == pytest.approx(float(LAWS["lr_annealing"].evaluate(values, own)[-1]), abs=2e-3)
    assert predicted == pytest.approx(float(last["loss"]), abs=0.02)


def test_one_curve_stands_for_the_runs_that_end_at_its_points():
    runs, share = share_of_sweep(24_000, 100)
    assert (runs, share) == (240, pytest.approx(24_000 / sum(range(100, 24_001, 100))))
    assert share < 0.01
    with pytest.raises(ValueError, match="make it shorter"):
        curve(Schedule("cosine", 100, 1e-3, 100), "mine")
