"""The runs proposed next, against brute force and against simulated experiments."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
import pytest

from analysis.fits.fitting import fit
from analysis.fits.optimum import optimum
from analysis.laws import LAWS
from analysis.laws.flops import training_flops
from analysis.trust.design import grid_of, next_runs, slopes_of

CHINCHILLA, QUARTET = LAWS["chinchilla"], LAWS["quartet"]
TRUTH = {"E": 1.8, "A": 480.0, "B": 2100.0, "alpha": 0.35, "beta": 0.37}
TARGET = pd.DataFrame({"n_params": [7e9], "n_tokens": [2e11]})
NOISE = 0.005
NEAR = {symbol: [value] for symbol, value in TRUTH.items()}  # one start, for many fits to simulated losses


def first_runs() -> pd.DataFrame:
    n_params, n_tokens = (axis.ravel() for axis in np.meshgrid([5e7, 1e8, 2e8, 4e8], [1e9, 4e9, 16e9, 64e9]))
    return pd.DataFrame({"n_params": n_params, "n_tokens": n_tokens})


def observed(runs: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    loss = CHINCHILLA.evaluate(TRUTH, runs) * np.exp(NOISE * rng.standard_normal(len(runs)))
    return runs.assign(loss=loss)


def spread_of_prediction(runs: pd.DataFrame, simulations: int, seed: int) -> float:
    """Half of the central 68% of the log prediction over fits to simulated losses of these runs."""
    rng = np.random.default_rng(seed)
    logs = []
    for _ in range(simulations):
        found = fit(CHINCHILLA, observed(runs, rng), delta=0.01, grid=NEAR, draws=0)
        logs.append(np.log(found.predict(TARGET)[0]))
    low, high = np.quantile(logs, [0.16, 0.84])
    return float(high - low) / 2


def repeated(proposed: pd.DataFrame) -> pd.DataFrame:
    return proposed.loc[proposed.index.repeat(proposed["repeats"]), ["n_params", "n_tokens"]]


def test_the_proposed_runs_shrink_the_spread_of_the_prediction_about_as_expected_and_more_than_random_ones():
    budget, runs = 2e21, observed(first_runs(), np.random.default_rng(4))
    found = fit(CHINCHILLA, runs, delta=0.01, draws=0)
    candidates = grid_of(found, runs, beyond=4.0)
    design = next_runs(found, runs, TARGET, budget, 4, candidates)
    before = spread_of_prediction(runs, 250, 1)
    after = spread_of_prediction(pd.concat([runs, repeated(design.runs)]), 250, 2)
    cost = training_flops(candidates["n_params"], candidates["n_tokens"])
    drawn = candidates[cost <= budget / 4].sample(4, random_state=3)
    random = spread_of_prediction(pd.concat([runs, drawn[["n_params", "n_tokens"]]]), 250, 3)
    assert design.spent <= budget
    assert after / before == pytest.approx(design.after / design.before, rel=0.25), (before, after, random, design)
    assert after < 0.8 * random, (before, after, random)


def test_the_expected_deviation_is_that_of_the_fisher_information(chinchilla_runs):
    found = fit(CHINCHILLA, chinchilla_runs, draws=0)
    own = optimum(found, chinchilla_runs)
    design = next_runs(found, chinchilla_runs, TARGET, 1e22, 3)
    both = np.concatenate([own.jacobian, slopes_of(own, found, repeated(design.runs))])
    toward = slopes_of(own, found, TARGET)[0]
    for jacobian, expected in ((own.jacobian, design.before), (both, design.after)):
        deviation = np.sqrt(own.noise.variance * toward @ np.linalg.inv(jacobian.T @ jacobian) @ toward)
        assert deviation == pytest.approx(expected, rel=1e-3)


def test_no_design_of_the_same_candidates_beats_the_proposal_by_more_than_a_percent():
    runs = observed(first_runs(), np.random.default_rng(4))
    found = fit(CHINCHILLA, runs, delta=0.01, draws=0)
    candidates = grid_of(found, runs, beyond=4.0).iloc[::16].reset_index(drop=True)
    budget = 1e21
    cost = training_flops(candidates["n_params"], candidates["n_tokens"]).to_numpy()
    own = optimum(found, runs)
    toward, slopes = slopes_of(own, found, TARGET)[0], slopes_of(own, found, candidates)
    information = own.information * own.noise.variance
    best = np.inf
    for rows in combinations_with_replacement(range(len(candidates)), 3):
        if cost[list(rows)].sum() <= budget:
            added = information + slopes[list(rows)].T @ slopes[list(rows)]
            best = min(best, np.sqrt(own.noise.variance * toward @ np.linalg.solve(added, toward)))
    assert next_runs(found, runs, TARGET, budget, 3, candidates).after <= 1.01 * best


def test_a_prediction_in_a_format_is_served_by_runs_in_that_format(quartet_runs):
    methods = ["fwd=BF16;bwd=BF16", "fwd=QuEST;bwd=BF16", "fwd=BF16;bwd=QuEST"]
    runs = quartet_runs[quartet_runs["method"].isin(methods)]
    found = fit(QUARTET, runs, delta=1e-4, draws=0)
    target = pd.DataFrame({"n_params": [1e9], "n_tokens": [1e11], "forward_format": "QuEST", "backward_format": "bf16"})
    design = next_runs(found, runs, target, 3e20, 4)
    assert "QuEST" in set(design.runs["forward_format"])
    assert set(design.runs["forward_format"]) <= {"QuEST", "bf16"}
    assert set(design.runs["backward_format"]) == {"bf16"}
    assert 0 < design.shrinkage < 1


def test_proposals_stay_within_the_span_and_the_tokens_per_parameter_of_the_runs(chinchilla_runs):
    found = fit(CHINCHILLA, chinchilla_runs, draws=0)
    proposed = next_runs(found, chinchilla_runs, TARGET, 1e22).runs
    ratio, known = (
        proposed["n_tokens"] / proposed["n_params"],
        chinchilla_runs["n_tokens"] / chinchilla_runs["n_params"],
    )
    assert ratio.between(known.min(), known.max()).all()
    for name in ("n_params", "n_tokens"):
        inside = proposed[name].between(chinchilla_runs[name].min() * 0.999, chinchilla_runs[name].max() * 1.001)
        assert inside.all()


def test_a_budget_that_buys_nothing_and_a_law_without_sizes_are_said(chinchilla_runs):
    found = fit(CHINCHILLA, chinchilla_runs, draws=0)
    with pytest.raises(ValueError, match="buy none of the runs; the cheapest costs"):
        next_runs(found, chinchilla_runs, TARGET, 1e10)
    by_size = fit(LAWS["kaplan_n"], chinchilla_runs, draws=0)
    with pytest.raises(ValueError, match="does not predict from sizes and tokens"):
        next_runs(by_size, chinchilla_runs, TARGET, 1e22)
