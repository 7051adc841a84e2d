"""Evaluations beside their 16-bit values: published ones by their table, a user's by the user's own 16-bit result."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.serving.deployment import candidates
from analysis.serving.recovery import judged, summary
from results_db import Store
from results_db.evaluations import REASONS, UNQUANTIZED


def harness(accuracy: float, model: str = "me/tiny-1B") -> bytes:
    """Results of one task as the lm-evaluation-harness writes them."""
    return json.dumps(
        {
            "results": {"hellaswag": {"acc,none": accuracy, "acc_stderr,none": 0.004}},
            "n-shot": {"hellaswag": 0},
            "higher_is_better": {"hellaswag": {"acc": True}},
            "config": {"model_num_parameters": 1e9},
            "model_name": model,
        }
    ).encode()


def evaluate(store: Store, accuracy: float, **said: str) -> None:
    found = store.preview(f"{accuracy}.json", harness(accuracy), facts=said)
    store.commit(found, f"{accuracy}")


def test_every_row_either_tells_what_a_format_loses_or_says_why_not(facts: Store) -> None:
    rows = facts.evaluations.rows()
    assert len(rows) == len(facts.table("quality"))
    assert set(rows["left_out"].dropna()) <= {words for _, words in REASONS}
    kept = rows[rows["left_out"].isna()]
    assert len(kept) > 3000
    assert (kept["baseline"] > 0).all()
    unquantized = rows[rows["left_out"] == UNQUANTIZED]
    assert (unquantized["weight_bits"].isna() | (unquantized["weight_bits"] >= 8)).all()
    assert not rows["source_family"].isna().any()


def test_an_axis_counts_what_it_has_and_those_that_share_a_scale_come_first(facts: Store) -> None:
    axes = facts.evaluations.axes()
    assert list(axes["alike"]) == sorted(axes["alike"], reverse=True)
    assert axes["n_rows"].sum() + axes["n_left_out"].sum() == len(facts.table("quality"))
    first = axes.iloc[0]
    own = facts.evaluations.rows(first["axis"])
    kept = own[own["left_out"].isna()]
    assert (first["axis"], first["n_rows"]) == ("perplexity, wikitext2, 2048 tokens", len(kept))
    assert first["n_families"] == kept["source_family"].nunique()
    assert own["protocol"].str.contains("2048").all()


def test_no_family_of_sources_dominates_a_summary(facts: Store) -> None:
    rows = judged(facts.evaluations.rows())
    accuracies = rows[rows["metric"] == "accuracy"]
    one = accuracies[accuracies["scheme"] == "int4 × 16-bit"]
    by_family = one.groupby(["source_family", "axis"])["recovery"].median().groupby("source_family").median()
    assert one["source_family"].value_counts(normalize=True).iloc[0] > 0.4  # one family has nearly half of the rows
    found = summary(accuracies, ("scheme",)).set_index("scheme").loc["int4 × 16-bit"]
    assert found["recovery"] == pytest.approx(np.median(by_family))


def test_the_store_finds_what_give_me_bf16_claims_of_8_bit_formats(facts: Store) -> None:
    """From other sources: FP8 loses about nothing, INT8 of both operands 1 to 3%, 4-bit weights as little."""
    rows = judged(facts.evaluations.rows())
    language = rows[(rows["kind"] == "language") & rows["metric"].isin(["accuracy", "accuracy_avg"])]
    assert "give_me_bf16_2024" not in set(language["source_id"])
    kept = candidates(language).set_index("scheme")["recovery"]
    claims = facts.table("claims", source_id="give_me_bf16_2024").set_index("claim_id")
    assert kept["e4m3 × e4m3"] - 100 == pytest.approx(claims.loc["give_me_bf16_2024-02", "value"], abs=0.2)
    lossy = claims.loc["give_me_bf16_2024-03"]
    assert lossy["value"] <= kept["int8 × int8"] - 100 <= lossy["value_high"], kept["int8 × int8"]
    assert abs(kept["int4 × 16-bit"] - kept["int8 × int8"]) < 1


def test_own_results_are_judged_by_the_own_16_bit_result_of_the_same_model(shipped_store: Store) -> None:
    axis = "accuracy, hellaswag, zero-shot, lm-eval"
    evaluate(shipped_store, 0.48, model="me/tiny-1B", method="gptq", weight_format="int4")
    alone = shipped_store.evaluations.rows(axis)
    alone = alone[alone["origin"] == "uploaded"]
    assert list(alone["left_out"]) == ["no 16-bit result of yours for this model and task"]
    evaluate(shipped_store, 0.5, model="me/tiny-1B", method="baseline", weight_format="bf16")
    evaluate(shipped_store, 0.9, model="me/other-1B", method="baseline", weight_format="bf16")
    rows = shipped_store.evaluations.rows(axis)
    own = rows[rows["origin"] == "uploaded"].set_index("value")
    assert own.loc[48.0, "baseline"] == 50.0
    assert pd.isna(own.loc[48.0, "left_out"])
    assert own.loc[50.0, "left_out"] == UNQUANTIZED
    (found,) = judged(rows[rows["origin"] == "uploaded"]).to_dict("records")
    assert found["recovery"] == pytest.approx(96.0)
    axes = shipped_store.evaluations.axes().set_index("axis")
    assert axes.loc[axis, "n_own"] == 3
    assert axes.index[0] == axis  # yours come first
