"""Exponents say which of four regimes a scale is in, and small runs say what a run 550 times as large will do."""

import numpy as np
import pandas as pd
import pytest

from analysis.fits.fitting import Fit, fit
from analysis.laws import get_law
from analysis.trust.regimes import DATA, EITHER, EXPONENTS, NEITHER, RESOLUTION, SIZE, VARIANCE, judged, regimes


def noisy(law: str, values: dict[str, float], x: dict[str, np.ndarray], seed: int) -> Fit:
    runs = pd.DataFrame(x)
    spread = np.random.default_rng(seed).normal(0, 0.003, len(runs))
    return fit(get_law(law), runs.assign(loss=get_law(law).evaluate(values, runs) * np.exp(spread)), seed=seed)


@pytest.mark.row("R57")
def test_runs_of_1m_to_60m_parameters_predict_the_33b_run_within_the_band():
    """Twelve samples: 95% intervals miss in four or more of twelve with a chance of 0.2%.

    Source: Su et al. 2024, abstract (claims unraveling_scaling_2024-01, -02).
    """
    law, true = get_law("chinchilla"), {"E": 1.7, "A": 400.0, "B": 900.0, "alpha": 0.34, "beta": 0.33}
    n, d = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e6, 6e7, 9), np.geomspace(5e8, 5e10, 6)))
    large = pd.DataFrame({"n_params": [33e9], "n_tokens": [20 * 33e9]})
    (at,) = law.evaluate(true, large)
    held = {"alpha": 0, "beta": 0, "33B": 0}
    for seed in range(12):
        found = noisy("chinchilla", true, {"n_params": n, "n_tokens": d}, seed)
        (low,), (high,) = found.draws.band(large)
        ends = {"33B": (low, high), "alpha": found.intervals["alpha"], "beta": found.intervals["beta"]}
        for name, (below, above) in ends.items():
            held[name] += below <= (true | {"33B": at})[name] <= above
        assert (high - low) / low < 0.06, seed  # it says something
    assert min(held.values()) >= 9, held


@pytest.mark.row("R57")
@pytest.mark.parametrize(
    ("law", "scale", "exponent", "regime"),
    [
        ("power_law:n_tokens", DATA, 1.0, VARIANCE),
        ("power_law:n_tokens", DATA, 0.3, RESOLUTION),
        ("power_law:n_params", SIZE, 0.5, VARIANCE),
        ("power_law:n_params", SIZE, 0.25, RESOLUTION),
    ],
)
def test_four_regimes_are_told_by_their_exponents(law, scale, exponent, regime):
    """Source: Bahri et al. 2021, abstract (claim explaining_scaling_laws_2021-01)."""
    column = law.partition(":")[2]
    x = np.geomspace(1e6, 1e9, 24)
    values = {"E": 1.8, "A": 2.0 * 1e6**exponent, "alpha": exponent}
    (said,) = regimes(noisy(law, values, {column: x}, 1))
    assert (said.symbol, said.scale, said.verdict) == ("alpha", scale, regime)
    assert said.low <= exponent <= said.high
    assert np.isnan(said.dimension) if regime == VARIANCE else said.dimension == pytest.approx(4 / exponent, rel=0.1)


@pytest.mark.parametrize(
    ("low", "high", "scale", "regime"),
    [
        (0.3, 0.4, DATA, RESOLUTION),
        (0.3, 0.99, DATA, RESOLUTION),
        (0.3, 1.2, DATA, EITHER),
        (0.8, 1.2, DATA, VARIANCE),
        (1.1, 1.3, DATA, NEITHER),
        (0.3, 0.49, SIZE, RESOLUTION),
        (0.3, 0.6, SIZE, VARIANCE),
        (0.2, 0.6, SIZE, EITHER),
        (0.6, 0.8, SIZE, NEITHER),
    ],
)
def test_an_interval_that_allows_two_regimes_is_not_decided(low, high, scale, regime):
    assert judged(low, high, scale) == regime


@pytest.mark.parametrize("law", EXPONENTS)
def test_the_exponents_of_a_regime_are_parameters_of_their_law(law):
    assert set(EXPONENTS[law]) <= {param.symbol for param in get_law(law).params}


def test_without_an_interval_there_is_no_regime(chinchilla_runs):
    assert regimes(fit(get_law("chinchilla"), chinchilla_runs.head(40), draws=0, starts=8)) == ()
