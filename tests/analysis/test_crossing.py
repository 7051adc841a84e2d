"""Two curves cross where their powers say, with an interval that holds it, or not at all."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from analysis.fits.fitting import Fit, fit
from analysis.laws import get_law
from analysis.trust.crossing import crossing

LAW = get_law("power_law:flops")
STEEP, FLAT = {"E": 1.8, "A": 3e3, "alpha": 0.2}, {"E": 2.0, "A": 300.0, "alpha": 0.15}


def curve(values: dict[str, float], noise: float = 0.0, seed: int = 0, draws: int = 0) -> Fit:
    runs = pd.DataFrame({"flops": np.geomspace(1e17, 1e21, 16)})
    factor = np.exp(np.random.default_rng(seed).normal(0, noise, len(runs))) if noise else 1.0
    return fit(LAW, runs.assign(loss=LAW.evaluate(values, runs) * factor), draws=draws, seed=seed)


def apart(log: float) -> float:
    x = {"flops": np.exp(log)}
    return float(LAW.evaluate(STEEP, x) - LAW.evaluate(FLAT, x))


TRUE = float(np.exp(brentq(apart, np.log(1e17), np.log(1e24))))


@pytest.mark.row("R60")
def test_curves_cross_where_a_root_finder_says():
    found = crossing(curve(STEEP), curve(FLAT), 1e17, 1e24)
    assert found.at == pytest.approx(TRUE, rel=0.02)
    assert (found.before, found.after, found.count) == (1, 0, 1)
    swapped = crossing(curve(FLAT), curve(STEEP), 1e17, 1e24)
    assert (swapped.at, swapped.before, swapped.after) == (pytest.approx(found.at), 0, 1)
    assert np.isnan(found.chance)


@pytest.mark.row("R60")
def test_the_interval_of_a_crossing_holds_it():
    found = crossing(curve(STEEP, 2e-3, 1, 200), curve(FLAT, 2e-3, 2, 200), 1e17, 1e24)
    assert found.chance > 0.9
    assert found.low <= TRUE <= found.high
    assert found.low <= found.at <= found.high


def test_curves_that_do_not_cross_say_which_is_below():
    lower = {"E": 1.7, "A": 2e3, "alpha": 0.2}
    found = crossing(curve(STEEP), curve(lower), 1e17, 1e24)
    assert np.isnan(found.at)
    assert (found.before, found.after, found.count) == (1, 1, 0)


def test_curves_of_two_different_numbers_are_refused():
    other = fit(
        get_law("power_law:n_params"), pd.DataFrame({"n_params": np.geomspace(1e7, 1e9, 8), "loss": 3.0}), draws=0
    )
    with pytest.raises(ValueError, match="one and the same number"):
        crossing(curve(STEEP), other, 1e17, 1e24)
    with pytest.raises(ValueError, match="the first must be the smaller"):
        crossing(curve(STEEP), curve(FLAT), 1e24, 1e17)
