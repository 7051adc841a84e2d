"""Laws of more than sizes and tokens, refitted: learning rates, batches, task errors, what quantizing costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from laws_page import opened, require_verdict, said, table, titles, turned
from settled_pages import settled

from analysis.laws import LAWS
from pages.ui.inputs import title_of
from results_db import Store

GADRE = "overtraining_scaling_2024: trained on C4, C4 val loss"
STEP = "step_law_2025: dense"
SIZES, TOKENS = [3e8, 1e9, 3e9, 1e10], [1e10, 4e10, 2e11]
TRUTH = {"C": 2.0, "A": 3.0, "gamma_N": 0.3, "d": 30.0, "gamma_c": 0.4}


def test_the_map_from_loss_to_task_error_is_refitted_on_its_sources_runs(shipped_store: Store) -> None:
    shipped_store.close()
    at = opened("Parameters", source=GADRE, **{f"law.{GADRE}": title_of(LAWS["loss_to_error"])})
    require_verdict(at, "loss_to_error")
    assert "34 of 34 runs: error_rate is the mean top-1 error on the source's 17 tasks" in said(at)
    labels = "\n".join(expander.label for expander in at.expander)
    assert "(6 runs; least-squares), **c4_17_tasks** is the optimum of its objective" in labels


@pytest.mark.row("R60")
def test_the_step_law_is_refitted_on_its_sources_runs(shipped_store: Store) -> None:
    shipped_store.close()
    at = opened("Parameters", source=STEP, **{f"law.{STEP}": title_of(LAWS["step_law_batch"])})
    fitted = table(at, "fitted").set_index("symbol")
    gamma, published = fitted.loc["gamma"], fitted.loc["gamma", "step_law_2025, bootstrap"]
    assert gamma["from"] < published < gamma["to"]


@pytest.mark.row("R07")
def test_a_law_that_no_published_runs_feed_is_fitted_to_an_upload_and_answers_by_it(shipped_store: Store) -> None:
    axes = np.meshgrid(SIZES, TOKENS[:1], [0.25, 0.5, 0.875], [32, 128], indexing="ij")
    names = ("n_params", "n_tokens", "low_precision_share", "block_size")
    runs = pd.DataFrame({name: axis.ravel() for name, axis in zip(names, axes, strict=True)})
    noise = 0.001 * np.random.default_rng(0).standard_normal(len(runs))
    runs["loss_increase"] = LAWS["mixed_quantization"].evaluate(TRUTH, runs) * np.exp(noise)
    runs["loss"] = 2.5 + runs["loss_increase"]
    named = {"n_params": "params", "n_tokens": "tokens", "low_precision_share": "quantization ratio"}
    shipped_store.commit(shipped_store.preview("mine.csv", runs.rename(columns=named).to_csv(index=False).encode()))
    key = shipped_store.table("datasets")["dataset_id"].iloc[0]
    shipped_store.close()
    at = opened("Parameters", source="mine", **{f"law.{key}": title_of(LAWS["mixed_quantization"])})
    fitted = table(at, "fitted").set_index("symbol")
    for symbol in ("A", "gamma_N"):
        assert fitted.loc[symbol, "from"] < TRUTH[symbol] < fitted.loc[symbol, "to"]
    turned(at, "Ask a law")
    assert "by this fit" in said(at)
    at.selectbox(key="scaling_laws.ask.mixed_quantization.show").set_value("tolerated_share")
    settled(at.run())
    share = "The low-precision share that adds the loss increase given"
    assert titles(at)[-1].replace("<br>", " ") == f"{share} rises with model parameters N"
    at.selectbox(key="scaling_laws.ask.mixed_quantization.along.tolerated_share").set_value("block_size")
    settled(at.run())
    assert titles(at)[-1].replace("<br>", " ") == f"{share} falls with elements per scale"
