"""Bootstrap draws: intervals that cover the truth, bands from the same draws, fixed draws carried through."""

import numpy as np
import pytest

from analysis.fits.bootstrap import Draws
from analysis.fits.fitting import fit
from analysis.laws import LAWS

CHINCHILLA, QUARTET = LAWS["chinchilla"], LAWS["quartet"]


@pytest.fixture(scope="module")
def simulated(made_up):
    """Fits of 60 data sets that differ only in their noise of 2%, and the truth."""
    truth, clean = made_up(CHINCHILLA, 80)
    fits = []
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(0, 0.02, len(clean))
        runs = clean.assign(loss=clean["loss"] * np.exp(noise))
        fits.append(fit(CHINCHILLA, runs, loss="log-huber", delta=1e-2, starts=8, draws=120, seed=seed))
    return truth, fits


@pytest.mark.parametrize("name", ["E", "A", "B", "alpha", "beta"])
def test_the_95_percent_interval_covers_the_truth_about_that_often(simulated, name):
    truth, fits = simulated
    covered = [found.intervals[name][0] <= truth[name] <= found.intervals[name][1] for found in fits]
    assert np.mean(covered) >= 0.85, np.mean(covered)


@pytest.mark.parametrize("name", ["E", "A", "B", "alpha", "beta"])
def test_the_interval_is_as_wide_as_the_scatter_of_fits_over_data_sets(simulated, name):
    _, fits = simulated
    widths = [np.log(found.intervals[name][1] / found.intervals[name][0]) for found in fits]
    scatter = np.std(np.log([found.values[name] for found in fits]))
    assert np.median(widths) == pytest.approx(2 * 1.96 * scatter, rel=0.35)


def test_each_draw_is_the_fit_of_its_own_resample(chinchilla_runs):
    found = fit(CHINCHILLA, chinchilla_runs, draws=3, seed=5)
    rng = np.random.default_rng(5)
    runs = len(chinchilla_runs)
    rng.uniform(size=(64, 5))  # the starts come first from the same generator
    counts = rng.multinomial(runs, np.full(runs, 1 / runs), 3)
    for k in range(3):
        again = fit(CHINCHILLA, chinchilla_runs.loc[np.repeat(np.arange(runs), counts[k])], draws=0)
        drawn = {name: numbers[k] for name, numbers in found.draws.values.items()}
        for name in again.values:
            assert drawn[name] == pytest.approx(again.values[name], rel=1e-2), (k, name)


def test_predictions_of_draws_are_those_of_each_draw(quartet_base_runs):
    found = fit(QUARTET, quartet_base_runs, delta=1e-4, draws=6)
    predicted = found.draws.predict(quartet_base_runs)
    assert predicted.shape == (6, len(quartet_base_runs))
    for k in range(6):
        values = {name: numbers[k] for name, numbers in found.draws.values.items()}
        np.testing.assert_allclose(predicted[k], QUARTET.evaluate(values, quartet_base_runs), rtol=1e-13)


def test_the_band_holds_95_percent_of_the_draws_and_the_fit(chinchilla_runs):
    found = fit(CHINCHILLA, chinchilla_runs, draws=200)
    low, high = found.draws.band(chinchilla_runs)
    inside = (found.draws.predict(chinchilla_runs) >= low) & (found.draws.predict(chinchilla_runs) <= high)
    assert inside.mean() == pytest.approx(0.95, abs=0.011)
    best = found.predict(chinchilla_runs)
    assert np.mean((low <= best) & (best <= high)) > 0.99


def test_draws_without_a_factor_that_the_runs_need_say_so(quartet_base_runs):
    found = fit(QUARTET, quartet_base_runs, delta=1e-4, draws=3)
    other = quartet_base_runs.assign(forward_format="mxfp4")
    with pytest.raises(ValueError, match=r"the draws hold no eff_n\[mxfp4\]"):
        found.draws.predict(other)


def test_intervals_are_quantiles_and_constants_have_none():
    draws = Draws(CHINCHILLA, {"A": np.arange(101.0), "E": np.full(101, 1.8)})
    assert set(draws.intervals()) == {"A"}
    assert draws.intervals()["A"] == pytest.approx((2.5, 97.5))
    assert draws.intervals(0.8)["A"] == pytest.approx((10.0, 90.0))
    assert len(draws) == 101
