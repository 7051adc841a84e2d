"""Profile likelihood against closed forms, against the bootstrap and against the truth it should cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.fits.fitting import fit
from analysis.fits.optimum import optimum
from analysis.fits.robust import aicc, log_likelihood, noise_of
from analysis.laws import LAWS
from analysis.trust.profile import profiles

CHINCHILLA, QUARTET = LAWS["chinchilla"], LAWS["quartet"]
EPOCH = {"E": 1.8172, "A": 482.0, "B": 2085.4, "alpha": 0.3478, "beta": 0.3658}


def noisy(law, values, runs, noise, seed):
    rng = np.random.default_rng(seed)
    return runs.assign(loss=law.evaluate(values, runs) * np.exp(noise * rng.standard_normal(len(runs))))


@pytest.mark.parametrize("delta", [1e-4, 1e-3, 1e-2, 1.0])
def test_the_two_averages_of_the_noise_are_those_of_the_normal_distribution(delta):
    sigma = 0.004
    residuals = sigma * stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    found, z = noise_of(residuals, delta, 0), delta / sigma
    inside = 2 * stats.norm.cdf(z) - 1
    influence = sigma**2 * (inside - 2 * z * stats.norm.pdf(z)) + delta**2 * (1 - inside)
    assert found.inside == pytest.approx(inside, rel=0.02)
    assert found.influence == pytest.approx(influence, rel=0.01)


def test_without_a_delta_the_likelihood_and_aicc_are_those_of_least_squares():
    squares, runs, free = 0.37, 50, 4
    normal = -0.5 * runs * (np.log(2 * np.pi * squares / runs) + 1)
    assert log_likelihood(squares / 2, runs, np.inf) == pytest.approx(normal, rel=1e-9)
    assert log_likelihood(squares / 2, runs, 1e3) == pytest.approx(normal, rel=1e-6)
    k = free + 1
    assert aicc(squares / 2, runs, free, np.inf) == pytest.approx(2 * k - 2 * normal + 2 * k * (k + 1) / (runs - k - 1))


def test_far_beyond_delta_the_likelihood_is_that_of_absolute_deviations():
    rng = np.random.default_rng(0)
    residuals, delta = rng.laplace(0, 1.0, 500), 1e-5
    objective = float(np.sum(delta * (np.abs(residuals) - delta / 2)))
    laplace = np.sum(stats.laplace.logpdf(residuals, scale=np.abs(residuals).mean()))
    assert log_likelihood(objective, 500, delta) == pytest.approx(laplace, rel=1e-4)


def test_the_profile_of_a_straight_line_is_the_t_interval_of_regression():
    """In logs, (N_c / N)^alpha is a straight line, and least squares on logs is regression."""
    law = LAWS["kaplan_n"]
    rng = np.random.default_rng(3)
    runs = pd.DataFrame({"n_params": 10 ** rng.uniform(7, 10, 12)})
    runs["loss"] = law.evaluate({"N_c": 8.8e13, "alpha_N": 0.076}, runs) * np.exp(0.01 * rng.standard_normal(12))
    line = stats.linregress(np.log(runs["n_params"]), np.log(runs["loss"]))
    margin = stats.t.ppf(0.975, 10) * line.stderr
    found = profiles(fit(law, runs, delta=100.0, draws=0), runs)
    low, high = found.intervals["alpha_N"]
    assert (low, high) == pytest.approx((-line.slope - margin, -line.slope + margin), rel=1e-3)


def test_profile_and_bootstrap_agree_where_delta_matches_the_noise(chinchilla_runs):
    runs = noisy(CHINCHILLA, EPOCH, chinchilla_runs, 0.01, 1)
    found = fit(CHINCHILLA, runs, delta=0.01, draws=1000)
    for symbol, (low, high) in profiles(found, runs).intervals.items():
        other = np.log(found.intervals[symbol][1] / found.intervals[symbol][0])
        assert np.log(high / low) == pytest.approx(other, rel=0.25), symbol


def test_a_profile_rises_from_the_optimum_on_both_sides_and_ends_at_the_threshold(chinchilla_runs):
    found = fit(CHINCHILLA, chinchilla_runs, draws=0)
    result = profiles(found, chinchilla_runs)
    assert result.gain == 0
    for profile in result.by_symbol.values():
        at = int(np.flatnonzero(profile.rise == 0)[0])
        assert profile.grid[at] == pytest.approx(profile.value)
        assert profile.open == (False, False)
        for end in profile.interval:
            held = fit(CHINCHILLA, chinchilla_runs, fixed={profile.symbol: end}, draws=0)
            rise = optimum(found, chinchilla_runs).noise.rise()
            assert held.objective - found.objective == pytest.approx(rise, rel=0.02), profile.symbol


def test_profiles_find_the_way_along_a_curved_valley(quartet_runs):
    """On the authors' 24 runs A and alpha move together over four decades of A; each point is a full refit."""
    bf16 = (quartet_runs["forward_format"] == "bf16") & (quartet_runs["backward_format"] == "bf16")
    runs = quartet_runs[bf16 & (quartet_runs["family"] != "quartet-excluded")]
    found = fit(QUARTET, runs, delta=1e-4, draws=0)
    profile = profiles(found, runs).by_symbol["A"]
    low, high = profile.interval
    assert high / low > 100
    assert not profile.identified
    rise = optimum(found, runs).noise.rise()
    for end in (low, high):
        held = fit(QUARTET, runs, fixed={"A": end}, delta=1e-4, starts=512, draws=0)
        assert (held.objective - found.objective) / rise == pytest.approx(1, abs=0.05)


def test_a_parameter_that_no_run_sees_has_an_open_profile(chinchilla_runs):
    one_size = chinchilla_runs.assign(n_params=1e9)
    result = profiles(fit(CHINCHILLA, noisy(CHINCHILLA, EPOCH, one_size, 0.01, 0), draws=0), one_size.assign(
        loss=noisy(CHINCHILLA, EPOCH, one_size, 0.01, 0)["loss"]))  # fmt: skip
    assert True in result.by_symbol["alpha"].open
    assert not result.by_symbol["alpha"].identified
    assert result.condition > 1e6
    assert set(result.weakest) <= {"E", "A", "alpha"}


def test_noiseless_runs_have_intervals_of_no_width(chinchilla_runs):
    runs = noisy(CHINCHILLA, EPOCH, chinchilla_runs, 0.0, 0)
    result = profiles(fit(CHINCHILLA, runs, draws=0), runs)
    for symbol, (low, high) in result.intervals.items():
        assert (low, high) == pytest.approx((EPOCH[symbol], EPOCH[symbol]), rel=1e-4)


def test_runs_of_another_fit_are_refused(chinchilla_runs, quartet_base_runs):
    found = fit(CHINCHILLA, chinchilla_runs, draws=0)
    with pytest.raises(ValueError, match="leave nothing to examine"):
        profiles(found, chinchilla_runs.head(5))
