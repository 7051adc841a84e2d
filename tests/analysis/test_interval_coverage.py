"""Do 95% intervals cover the truth? Simulated experiments with 1% noise, refitted from scratch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from analysis.fits.fitting import fit
from analysis.laws import LAWS
from analysis.trust.profile import profiles

NOISE = 0.01


@dataclass(frozen=True)
class Experiment:
    """A law with true values, a design of runs, and the delta of its published objective."""

    law: str
    truth: dict[str, float]
    inputs: dict[str, tuple[float, ...]]
    delta: float

    def runs(self, count: int) -> pd.DataFrame:
        """`count` runs drawn from the grid of the inputs, the same for every simulation."""
        rng = np.random.default_rng(1)
        return pd.DataFrame({name: rng.choice(values, count) for name, values in self.inputs.items()})


def steps(low: float, high: float, count: int) -> tuple[float, ...]:
    return tuple(np.geomspace(low, high, count))


SIZES = {"n_params": steps(3e7, 1.6e10, 15), "n_tokens": steps(5e8, 3e11, 15)}
# Values near the published ones. The delta is that of the published objective, a tenth of the noise; for quartet, whose
# published delta suits its own far smaller noise, it is that of this noise.
EXPERIMENTS = {
    "chinchilla": Experiment(
        "chinchilla", {"E": 1.8172, "A": 482.0, "B": 2085.4, "alpha": 0.3478, "beta": 0.3658}, SIZES, 1e-3
    ),
    "overtraining": Experiment("overtraining", {"E": 1.51, "a": 141.0, "b": 190.0, "eta": 0.121}, SIZES, 1e-3),
    "kaplan_joint": Experiment(
        "kaplan_joint", {"N_c": 6.4e13, "D_c": 1.8e13, "alpha_N": 0.076, "alpha_D": 0.103}, SIZES, 1e-3
    ),
    "parscale": Experiment(
        "parscale",
        {"E": 0.69, "A": 1.13e7, "alpha": 0.189, "k": 0.393},
        {"n_params": steps(1e8, 4.5e9, 12), "streams": (1.0, 2.0, 4.0, 8.0)},
        1e-3,
    ),
    "quartet": Experiment(
        "quartet",
        {"E": 1.34, "A": 1.27e5, "B": 4.66e5, "alpha": 0.5785, "beta": 0.5389, "gamma": 0.2764},
        SIZES,
        1e-2,
    ),
}


def coverage(experiment: Experiment, count: int, simulations: int, draws: int = 0) -> pd.DataFrame:
    """The share of simulations whose interval covers the truth: parameters as rows, profile (and bootstrap) columns."""
    law, design = LAWS[experiment.law], experiment.runs(count)
    rng = np.random.default_rng(12)
    exact = law.evaluate(experiment.truth, design)
    covered = {kind: np.zeros(len(experiment.truth)) for kind in ("profile", *(["bootstrap"] if draws else []))}
    for _ in range(simulations):
        runs = design.assign(loss=exact * np.exp(NOISE * rng.standard_normal(count)))
        found = fit(law, runs, delta=experiment.delta, draws=draws, starts=24)
        kinds = {"profile": profiles(found, runs).intervals, "bootstrap": found.intervals}
        for kind, shares in covered.items():
            ends = [kinds[kind].get(symbol, (0.0, np.inf)) for symbol in experiment.truth]
            inside = [lo <= t <= hi for (lo, hi), t in zip(ends, experiment.truth.values(), strict=True)]
            shares += np.array(inside) / simulations
    return pd.DataFrame(covered, index=list(experiment.truth))


def test_profile_intervals_cover_the_truth():
    """A small check for every day; 25 simulations tell 95% from 75%, not from 93%."""
    shares = coverage(EXPERIMENTS["chinchilla"], 60, 25)
    assert shares["profile"].mean() >= 0.88, shares


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_intervals_cover_the_truth_in_93_to_97_percent_of_200_simulations(name):
    """The mean over the parameters; each alone is within chance of 95% (three standard errors of 200 draws)."""
    shares = coverage(EXPERIMENTS[name], 240, 200, draws=400)
    print(f"\n{name}\n{shares.to_string()}\nmean\n{shares.mean().to_string()}")
    assert shares.mean().between(0.93, 0.97).all(), shares
    assert (shares >= 0.95 - 0.047).all(axis=None), shares


TISSUE = {"L0": 2.791, "A": 0.590, "alpha": 0.457, "C": 0.480}  # our fit of the 100M model
TOGETHER = 0.3  # percent: the deviation of a loss from its curve


def along(curves: pd.Series, reach: float, rng: np.random.Generator) -> np.ndarray:
    """Normal errors of standard deviation 1 that go together along a curve, over a `reach` in shares of its points."""
    errors = np.empty(len(curves))
    for name in curves.unique():
        own = np.flatnonzero(curves == name)
        kept = np.exp(-1 / (reach * len(own)))
        fresh = rng.standard_normal(len(own)) * np.r_[1.0, np.full(len(own) - 1, np.sqrt(1 - kept**2))]
        errors[own] = lfilter([1.0], [1.0, -kept], fresh)
    return errors


@pytest.mark.exhaustive
@pytest.mark.parametrize("reach", [0.02, 0.05, 0.1, 0.2])
def test_intervals_of_two_loss_curves_cover_the_truth_in_nine_of_ten_simulations(reach, loss_curves):
    """Cosine and constant of 24,000 steps; the mean over the parameters of 100 simulations."""
    law, rng = LAWS["lr_annealing"], np.random.default_rng(3)
    points = loss_curves[loss_curves["curve_id"].isin(["mpl-100M-cosine_24000", "mpl-100M-constant_24000"])]
    points = points[points["step"] > points["warmup_steps"]].reset_index(drop=True)
    exact, covered = law.evaluate(TISSUE, points), np.zeros(len(TISSUE))
    for seed in range(100):
        noise = TOGETHER / 100 * along(points["curve_id"], reach, rng)
        found = fit(law, points.assign(loss=exact * np.exp(noise)), starts=12, draws=200, seed=seed)
        ends = [found.intervals[symbol] for symbol in TISSUE]
        covered += [low <= value <= high for (low, high), value in zip(ends, TISSUE.values(), strict=True)]
    shares = pd.Series(covered / 100, list(TISSUE))
    print(f"\nreach {reach}: {shares.to_dict()}, mean {shares.mean():.3f}")
    assert shares.mean() >= 0.88, shares
