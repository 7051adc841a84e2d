"""Repeated and filtered data are worth what Muennighoff et al.'s law says; proxies cost what their count says."""

import numpy as np
import pytest
from scipy.optimize import brentq

from analysis.laws import get_law
from analysis.plans.data_value import EPOCHS, acting, best_split, break_even, by_epochs, gained_loss, proxy_share
from analysis.plans.frontier import compute_optimal


@pytest.fixture(scope="module")
def values(published) -> dict[str, float]:
    return published("data_constrained", "c4")


@pytest.mark.row("R63")
def test_512_proxies_cost_two_percent_of_the_run_they_choose_for():
    """Source: Liu et al. 2024, abstract (claims regmix_lm_2024-01, -02)."""
    spent, share = proxy_share(512, 1e6, 1e9, 1e9, 25e9)
    assert spent == pytest.approx(3.1e18, rel=0.02)
    assert spent / share == pytest.approx(1.5e20)
    assert 100 * share == pytest.approx(2.05, abs=0.01)


@pytest.mark.row("R63")
def test_four_epochs_are_almost_free_and_forty_are_not(values):
    """Source: Muennighoff et al. 2023: up to 4 epochs, repeating is nearly as good as new data."""
    table = by_epochs(values, 1e9, 1e10, (1, 4, 40)).set_index("epochs")
    assert table.loc[1, "worth"] == pytest.approx(1)
    assert table.loc[1, "loss"] == pytest.approx(table.loc[1, "fresh_loss"], abs=1e-9)
    assert table.loc[4, "worth"] > 0.9
    assert table.loc[40, "worth"] < 0.45
    assert (table["loss"] >= table["fresh_loss"] - 1e-12).all()


def test_acting_tokens_have_the_loss_of_as_many_fresh_ones(values):
    law, unique, seen = get_law("data_constrained"), 2e10, 3e11
    acted = float(acting(values, seen, unique))
    small = 1e8  # far below what the unique tokens feed: no parameter is discounted
    repeated = law.evaluate(values, {"n_params": small, "n_tokens": seen, "unique_tokens": unique})
    assert law.evaluate(values, {"n_params": small, "n_tokens": acted}) == pytest.approx(float(repeated), rel=1e-12)


def test_endless_repeating_is_worth_sixteen_epochs(values):
    """Source: R_D* of Muennighoff et al.: 15.4 repeats beyond the first pass."""
    assert acting(values, 1e16, 1e10) / 1e10 == pytest.approx(1 + values["R_D_star"])


@pytest.mark.parametrize("unique", [1e10, 1e11])
def test_the_best_split_is_the_lowest_loss_of_a_brute_force(values, unique):
    flops = 1e22
    n = np.geomspace(1e8, 1e11, 20001)
    x = {"n_params": n, "n_tokens": flops / 6 / n, "unique_tokens": np.full_like(n, unique)}
    loss = get_law("data_constrained").evaluate(values, x)
    found = best_split(values, flops, unique)
    assert found.loss <= loss.min() + 1e-9
    assert found.n_params == pytest.approx(n[loss.argmin()], rel=0.02)
    assert found.epochs == pytest.approx(found.n_tokens / unique)


def test_without_a_limit_of_data_the_split_is_the_compute_optimal_one(values):
    free = compute_optimal(get_law("data_constrained"), values, np.array([1e22])).iloc[0]
    found = best_split(values, 1e22)
    assert (found.n_params, found.loss) == pytest.approx((free["n_params"], free["loss"]), rel=1e-6)
    assert found.epochs == 1
    assert best_split(values, 1e22, 1e10).loss > found.loss


def test_a_filter_breaks_even_where_both_pools_have_the_same_loss(values):
    """The kept tokens count `times` as much each: the value at which the losses agree is found apart, by bisection."""
    n, d, unique, kept = 1e8, 2e11, 1e11, 0.1
    law = get_law("data_constrained")

    def apart(times: float) -> float:
        filtered = times * float(acting(values, d, kept * unique))
        raw = law.evaluate(values, {"n_params": n, "n_tokens": d, "unique_tokens": unique})
        return float(law.evaluate(values, {"n_params": n, "n_tokens": filtered}) - raw)

    assert break_even(values, d, unique, kept) == pytest.approx(brentq(apart, 0.5, 20), rel=1e-9)
    assert break_even(values, d, unique, 1.0) == pytest.approx(1)
    for share in (0, -0.1, 1.1):
        with pytest.raises(ValueError, match="above 0, up to 1"):
            break_even(values, d, unique, share)


def test_more_epochs_never_raise_the_loss_by_this_law(values):
    table = by_epochs(values, 1e9, 1e10)
    assert len(table) == len(EPOCHS)
    assert (np.diff(table["loss"]) <= 0).all()
    assert (np.diff(table["worth"]) < 0).all()


def test_twice_as_good_data_are_twice_as_many_of_each_kind(values):
    x = {"n_params": 1e9, "n_tokens": 8e10, "unique_tokens": 2e10}
    loss = gained_loss(values, 1e9, 4e10, 1e10, np.array([1.0, 2.0]))
    assert loss[1] == pytest.approx(float(get_law("data_constrained").evaluate(values, x)), rel=1e-12)
    assert loss[0] == pytest.approx(by_epochs(values, 1e9, 1e10, (4,))["loss"][0], rel=1e-12)
    once = gained_loss(values, 1e9, 4e10, 1e12, np.array([1.0]))[0]
    assert once == pytest.approx(by_epochs(values, 1e9, 4e10, (1,))["loss"][0], rel=1e-12)
