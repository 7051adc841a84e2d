"""What laws read of a run besides size, tokens and loss comes with an uploaded table, under the names people use."""

from __future__ import annotations

import pytest

from analysis.laws import LAWS
from results_db import Store
from results_db.importers.reader import read
from results_db.schema_laws import LAW_COLUMNS

TABLE = b"""params,tokens,val_loss,peak lr,tokens per step,error,ptq bits,weight
1e9,20B,2.5,3e-4,0.5M,0.61,4,3
2e9,20B,2.4,,,,,
"""
OF_LAWS = {name for name, _, _ in LAW_COLUMNS}


def test_columns_of_laws_are_known_by_their_usual_names(shipped_store: Store) -> None:
    preview = shipped_store.preview("mine.csv", TABLE)
    assert not preview.blocking
    shipped_store.commit(preview)
    runs = shipped_store.table("runs", origin="uploaded")
    first = runs.iloc[0][["learning_rate", "batch_tokens", "error_rate", "post_bits", "weight"]].to_dict()
    assert first == {"learning_rate": 3e-4, "batch_tokens": 5e5, "error_rate": 0.61, "post_bits": 4, "weight": 3}
    assert runs.iloc[1][sorted(OF_LAWS)].isna().all()


def test_a_batch_whose_unit_is_unsaid_is_asked_about() -> None:
    table = b"params,tokens,loss,batch size\n1e9,20B,2.5,512\n"
    preview = read("mine.csv", table)
    assert "it may be batch_tokens, in tokens: confirm that, or ignore it" in preview.blocking
    confirmed = read("mine.csv", table, {"batch size": "batch_tokens"})
    assert list(confirmed.rows["batch_tokens"]) == [512]


def test_a_share_beyond_1_is_refused_with_its_range() -> None:
    preview = read("mine.csv", b"params,tokens,loss,error rate\n1e9,20B,2.5,61\n1e9,20B,2.5,0.61\n")
    assert preview.sentences() == ["row 2: error rate is '61'; write a number from 0 to 1"]
    assert list(preview.rows["error_rate"]) == [0.61]


def test_a_file_without_such_columns_is_the_same_dataset_as_before_there_were_any() -> None:
    preview = read("mine.csv", b"params,tokens,loss\n1e9,20B,2.5\n")
    assert not OF_LAWS & set(preview.rows)


@pytest.mark.parametrize("name", ["step_law_lr", "step_law_batch", "loss_to_error", "qat_error", "ptq_degradation",
                                  "mixed_quantization", "data_constrained", "moe_sparsity", "moe_fine_grained",
                                  "average_parameters", "kaplan_steps", "bivariate_nmt", "precision"])  # fmt: skip
def test_every_number_that_a_law_of_runs_reads_has_a_column(name: str, empty_store: Store) -> None:
    law = LAWS[name]
    assert {*law.inputs, law.target} <= set(empty_store.table("runs"))


def test_published_learning_rates_and_errors_are_in_the_store(facts: Store) -> None:
    runs = facts.table("runs")
    counts = runs.groupby("source_id")[["learning_rate", "batch_tokens", "error_rate"]].count()
    assert counts.loc["step_law_2025"].tolist() == [33, 33, 0]
    assert counts.loc["overtraining_scaling_2024"].tolist() == [0, 0, 104]
    measured = runs.dropna(subset=["error_rate"])
    assert set(measured["loss_name"]) == {"C4 val loss"}
