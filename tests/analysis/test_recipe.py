"""A recipe is right where it can be checked: against the runs of the published grids, and the printed rules."""

import numpy as np
import pandas as pd
import pytest

from analysis.plans.recipe import (
    GRID,
    RULES,
    batch_cost,
    batch_exponent,
    batch_exponents,
    best_rates,
    checked_against,
    deepseek,
    nearest_grid,
    nearest_run,
    suggest,
)


@pytest.fixture(scope="module")
def grids(data_folder) -> pd.DataFrame:
    runs = pd.read_parquet(data_folder / "lr_batch_runs.parquet")
    return runs.astype({name: float for name in runs if name not in ("source_id", "model", "locator")})


@pytest.fixture(scope="module")
def laws(published) -> tuple[dict[str, float], dict[str, float]]:
    return published("step_law_lr", "closed_form"), published("step_law_batch", "closed_form")


@pytest.mark.row("R60")
def test_the_step_law_suggests_runs_within_0_07_percent_of_the_best_of_its_grids(grids, laws):
    """Source: Li et al. 2025: 0.07% in the first abstract (claim step_law_2025-01), 0.094% in the seventh version."""
    table = checked_against(grids, *laws)
    assert (len(table), table["runs"].sum()) == (17, 1911)
    excess = 100 * table["excess"]
    assert excess.median() <= 0.07, excess.tolist()
    assert excess.mean() == pytest.approx(0.094, abs=0.005)
    assert (table["excess"] >= 0).all()


@pytest.mark.row("R60")
def test_four_times_the_batch_wants_twice_the_rate_for_adam_and_four_times_for_sgd():
    """Source: Granziol et al. 2020, abstract."""
    assert RULES["AdamW"].rate(3e-4, 4) == pytest.approx(6e-4)
    assert RULES["SGD"].rate(0.1, 4) == pytest.approx(0.4)


def test_7b_on_1_4t_tokens_gets_the_rate_and_the_batch_worked_out_apart(laws):
    found = suggest(*laws, 7e9, 1.4e12)
    assert found.learning_rate == pytest.approx(9.17e-4, rel=2e-3)
    assert found.batch_tokens == pytest.approx(5.00e6, rel=2e-3)
    assert len(found.beyond) == 2
    assert all("extrapolation" in said for said in found.beyond)
    assert not suggest(*laws, 5e8, 2e10).beyond


def test_deepseeks_rule_gives_the_printed_exponents(published):
    rate, batch = deepseek(published("deepseek_hparams"), np.array([1e20, 1e24]))
    assert rate[1] / rate[0] == pytest.approx(10 ** (-0.125 * 4))
    assert batch[1] / batch[0] == pytest.approx(10 ** (0.3271 * 4))
    assert rate[0] == pytest.approx(0.3118 * 10**-2.5)


def test_at_the_critical_batch_steps_and_compute_are_twice_the_least(published):
    """Source: Kaplan et al. 2020, section 5.1; 1.07e6 tokens at a loss of 3 for B* = 2e8."""
    values = published("kaplan_critical_batch")
    assert batch_cost(values | {"B_star": 2e8}, 3.0, 1e6).critical_batch == pytest.approx(1.07e6, rel=5e-3)
    critical = batch_cost(values, 3.0, 1.0).critical_batch
    at = batch_cost(values, 3.0, critical)
    assert (at.steps, at.compute) == pytest.approx((2, 2))
    small, large = batch_cost(values, 3.0, critical / 9), batch_cost(values, 3.0, critical * 9)
    assert (small.steps, small.compute, large.steps, large.compute) == pytest.approx((10, 10 / 9, 10 / 9, 10))


def test_the_nearest_grid_is_of_one_model_and_its_best_run_has_no_excess(grids):
    own = nearest_grid(grids, 1e9, 3e10)
    assert len(own[GRID].drop_duplicates()) == 1
    assert own["n_params"].iloc[0] == 1073741824
    assert own["excess"].min() == 0
    best = own.loc[own["loss"].idxmin()]
    assert nearest_run(own, best["learning_rate"] * 1.05, best["batch_tokens"] * 0.95).equals(best)


def test_the_exponent_of_made_up_valleys_comes_back():
    rates, batches = np.geomspace(1e-4, 1e-1, 24), np.geomspace(3e4, 3e6, 6)
    rate, batch = (grid.ravel() for grid in np.meshgrid(rates, batches))
    loss = 2.5 + 0.1 * np.log(rate / (1e-3 * (batch / 3e5) ** 0.37)) ** 2
    best = best_rates(pd.DataFrame({"learning_rate": rate, "batch_tokens": batch, "loss": loss}))
    np.testing.assert_allclose(best["learning_rate"], 1e-3 * (best["batch_tokens"] / 3e5) ** 0.37, rtol=1e-6)
    assert batch_exponent(best) == pytest.approx(0.37)
    assert np.isnan(batch_exponent(best.head(3)))


def test_best_rates_of_the_published_grids_grow_more_slowly_than_the_square_root(grids):
    found = batch_exponents(grids)
    assert len(found) == 17
    assert 0.2 < found.mean() < 0.4
    assert (found > 0).all()
