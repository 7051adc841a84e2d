"""The mixing law gives made-up coefficients back, finds the best mixture, and ranks the runs of RegMix from proxies."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from analysis.fits.mixing import Mixing, best_mixture, fit_mixing, held_out

DOMAINS, TARGETS = ("web", "code", "books"), ("web", "code")
TRUE = Mixing(
    DOMAINS, TARGETS, np.array([2.0, 0.8]), np.array([0.9, 1.2]), np.array([[-0.6, 0.4, 0.2], [0.5, -1.1, 0.6]])
)


@pytest.fixture(scope="module")
def shares() -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.ones(3), 40)


@pytest.fixture(scope="module")
def regmix(data_folder) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Shares and losses of RegMix's runs, by their series."""
    rows = pd.read_parquet(data_folder / "mixture_runs.parquet").astype({"share": float, "loss": float})
    rows = rows[rows["source_id"] == "regmix_lm_2024"]
    wide = {name: rows.pivot(index=["series", "run_id"], columns="domain", values=name) for name in ("share", "loss")}
    series = rows["series"].unique()
    return {name: (wide["share"].loc[name], wide["loss"].loc[name].dropna(axis=1)) for name in series}


@pytest.mark.row("R63")
def test_made_up_coefficients_come_back(shares):
    found = fit_mixing(DOMAINS, TARGETS, shares, TRUE.predict(shares))
    for name in ("c", "k", "t"):
        np.testing.assert_allclose(getattr(found, name), getattr(TRUE, name), rtol=1e-4, atol=1e-4, err_msg=name)
    np.testing.assert_allclose(
        held_out(DOMAINS, TARGETS, shares, TRUE.predict(shares)), TRUE.predict(shares), rtol=1e-5
    )


@pytest.mark.row("R63")
@pytest.mark.parametrize("weights", [(1, 1), (1, 0), (0.2, 0.8)])
@pytest.mark.parametrize("most", [1.0, 0.5])
def test_the_best_mixture_is_the_lowest_of_a_fine_grid(weights, most):
    steps = np.linspace(0, 1, 201)
    web, code = (grid.ravel() for grid in np.meshgrid(steps, steps))
    grid = np.stack([web, code, 1 - web - code], axis=1)
    grid = grid[(grid >= -1e-12).all(1) & (grid <= most + 1e-12).all(1)]
    loss = TRUE.predict(grid) @ np.array(weights) / np.sum(weights)
    found = best_mixture(TRUE, np.array(weights), most)
    assert found.sum() == pytest.approx(1)
    assert found.max() <= most + 1e-9
    assert TRUE.predict(found) @ np.array(weights) / np.sum(weights) <= loss.min() + 1e-9
    np.testing.assert_allclose(found, grid[loss.argmin()], atol=0.006)


@pytest.mark.row("R63")
def test_proxies_of_a_million_parameters_name_the_best_of_64_models_of_a_billion(regmix):
    """Source: Liu et al. 2024: the losses of its repository; its claim is that of regmix_lm_2024-02, best of 64."""
    (shares, losses), (large, measured) = regmix["1M, 1B tokens"], regmix["1B, 25B tokens"]
    assert (len(shares), len(large)) == (512, 64)
    target = losses[["pile_cc"]]
    law = fit_mixing(tuple(shares), tuple(target), shares.to_numpy(), target.to_numpy())
    predicted = law.predict(large.to_numpy() / large.to_numpy().sum(1, keepdims=True))[:, 0]
    assert spearmanr(predicted, measured["pile_cc"])[0] > 0.97
    assert predicted.argmin() == measured["pile_cc"].to_numpy().argmin()
    best = pd.Series(best_mixture(law, np.ones(1), shares.max().to_numpy()), list(shares))
    assert best.idxmax() == "pile_cc"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s, x: (s[:4], x[:4]), "4 runs cannot fit 4 parameters a loss"),
        (lambda s, x: (np.where(s == s[0, 0], np.nan, s), x), "as finite numbers"),
        (lambda s, x: (s - 0.5, x), "write shares of 0 or more"),
        (lambda s, x: (s, x - 5), "losses are numbers above 0"),
    ],
)
def test_runs_that_cannot_be_fitted_are_said(shares, change, said):
    with pytest.raises(ValueError, match=said):
        fit_mixing(DOMAINS, TARGETS, *change(shares, TRUE.predict(shares)))


@pytest.mark.parametrize(
    ("weights", "most", "said"),
    [((0, 0), 1, "write one of 0 or more"), ((1,), 1, "each of 2 losses"), ((1, 1), 0.3, "add up to 0.9")],
)
def test_a_mixture_that_cannot_be_is_said(weights, most, said):
    with pytest.raises(ValueError, match=said):
        best_mixture(TRUE, np.array(weights, float), most)
