"""The checklist and the methods paragraph say what is true of the fit, and warn where a reader should be warned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.fits.fitting import fit
from analysis.laws import LAWS
from analysis.trust.checklist import checklist
from analysis.trust.holdout import rolling
from analysis.trust.influence import influence
from analysis.trust.profile import profiles
from analysis.trust.questions import Evidence

CHINCHILLA = LAWS["chinchilla"]
TRUTH = {"E": 1.8, "A": 480.0, "B": 2100.0, "alpha": 0.35, "beta": 0.37}


@pytest.fixture(scope="module")
def examined(chinchilla_runs):
    found = fit(CHINCHILLA, chinchilla_runs)
    evidence = Evidence(
        profiles(found, chinchilla_runs),
        influence(found, chinchilla_runs),
        rolling(CHINCHILLA, chinchilla_runs, draws=0),
        "5 outliers left out",
        64,
    )
    return found, checklist(found, chinchilla_runs, evidence)


def answers(listed) -> dict[str, str]:
    return dict(zip(listed.as_table()["question"], listed.as_table()["answer"], strict=True))


def cautions(listed) -> str:
    return "\n".join(listed.as_table()["caution"])


def test_every_number_of_the_paragraph_comes_from_the_runs_and_the_fit(examined, chinchilla_runs):
    found, listed = examined
    said = listed.paragraph()
    relative = found.predict(chinchilla_runs) / chinchilla_runs["loss"] - 1
    flops = chinchilla_runs["flops"].fillna(6 * chinchilla_runs["n_params"] * chinchilla_runs["n_tokens"])
    for expected in (
        "240 runs from chinchilla_replication_2024, 48 per free parameter; 5 outliers left out",
        f"{flops.min():.3g} to {flops.max():.3g} FLOPs",
        "N counts total parameters",
        f"log-huber with delta 0.001, {found.objective:.5g} at the optimum",
        f"64 random starts; {100 * found.agreement:.0f}% ended",
        f"within {100 * np.sqrt((relative**2).mean()):.2g}% (rms; largest {100 * relative.abs().max():.2g}%)",
        "200 bootstrap resamples",
        f"E {found.values['E']:.4g} [",
    ):
        assert expected in said, expected
    assert said.endswith(".")
    assert "A, B are not identified" in said.split(" Limits: ")[1]


def test_every_question_has_an_answer(examined):
    _, listed = examined
    assert len(listed.items) == 11
    assert all(text.strip() for text in answers(listed).values())


def runs_of(n_params, n_tokens, **columns) -> pd.DataFrame:
    runs = pd.DataFrame({"n_params": n_params, "n_tokens": n_tokens, **columns})
    rng = np.random.default_rng(0)
    return runs.assign(loss=CHINCHILLA.evaluate(TRUTH, runs) * np.exp(0.003 * rng.standard_normal(len(runs))))


SIZES = np.geomspace(3e7, 3e9, 40)
MIXED = np.random.default_rng(1).permutation(np.geomspace(1e9, 1e11, 40))


@pytest.mark.parametrize(
    ("runs", "caution"),
    [
        (runs_of(SIZES, 20 * SIZES), "size and data rise together"),
        (runs_of(SIZES[:8], MIXED[:8]), "only 1.6 runs per free parameter"),
        (runs_of(SIZES, MIXED), "whether N counts embeddings is not stated"),
        (runs_of(SIZES, MIXED, params_counted="non_embedding"), "the law's source counts total parameters"),
        (runs_of(SIZES, MIXED, params_counted=["total", "non_embedding"] * 20), "count parameters in different ways"),
        (runs_of(SIZES, MIXED, loss_name=["C4", "Pile"] * 20), "losses of different data sets are fitted together"),
        (runs_of(SIZES, MIXED), "data and split of the loss are not stated"),
    ],
)
def test_a_reader_is_warned(runs, caution):
    found = fit(CHINCHILLA, runs, delta=0.01, draws=0)
    listed = checklist(found, runs)
    assert caution in cautions(listed)
    assert caution.lower() in listed.paragraph().split(" Limits: ")[1].lower()


def test_runs_that_cannot_be_held_out_are_said_to_be_untested():
    runs = runs_of(SIZES[:6], MIXED[:6])
    found = fit(CHINCHILLA, runs, delta=0.01, draws=0)
    listed = checklist(found, runs, Evidence(rolled=rolling(CHINCHILLA, runs, draws=0)))
    assert "extrapolation is untested" in cautions(listed)


def test_a_law_without_size_is_described_without_it():
    law = LAWS["coverage"]
    runs = pd.DataFrame({"samples": np.geomspace(1, 1e4, 12)})
    values = {param.symbol: float(np.mean(param.starts)) for param in law.params}
    runs[law.target] = law.evaluate(values, runs)
    found = fit(law, runs, draws=0)
    said = checklist(found, runs).paragraph()
    assert law.predicts.label in said
    assert "embedding" not in said
