"""Results of the lm-evaluation-harness become rows of quality, each metric in its unit and with its direction."""

from __future__ import annotations

import json
from typing import Any

import pytest

from results_db import Store
from results_db.importers.preview import Preview
from results_db.importers.reader import read

# As lm-eval 0.4 writes it: keys "metric,filter", groups beside their tasks, "N/A" where there is no error.
RESULTS: dict[str, Any] = {
    "arc_easy": {
        "alias": "arc_easy", "sample_len": 2376, "acc,none": 0.5, "acc_stderr,none": 0.0103,
        "acc_norm,none": 0.4375, "acc_norm_stderr,none": 0.0102,
    },
    "gsm8k": {
        "alias": "gsm8k", "exact_match,strict-match": 0.25, "exact_match_stderr,strict-match": "N/A",
        "exact_match,flexible-extract": 0.28125, "exact_match_stderr,flexible-extract": 0.0123,
    },
    "wikitext": {
        "alias": "wikitext", "word_perplexity,none": 12.5, "word_perplexity_stderr,none": "N/A",
        "bits_per_byte,none": 0.75, "bits_per_byte_stderr,none": "N/A",
    },
}  # fmt: skip
WHOLE: dict[str, Any] = {
    "results": RESULTS,
    "groups": {},
    "configs": {"arc_easy": {"task": "arc_easy", "num_fewshot": 0}},
    "versions": {"arc_easy": 1.0, "gsm8k": 3.0, "wikitext": 2.0},
    "n-shot": {"arc_easy": 0, "gsm8k": 5, "wikitext": 0},
    "higher_is_better": {
        "arc_easy": {"acc": True, "acc_norm": True}, "gsm8k": {"exact_match": True},
        "wikitext": {"word_perplexity": False, "bits_per_byte": False},
    },
    "n-samples": {"arc_easy": {"original": 2376, "effective": 2376}},
    "config": {
        "model": "hf", "model_args": "pretrained=EleutherAI/pythia-160m,dtype=float16", "limit": None,
        "model_num_parameters": 162322944, "model_dtype": "torch.float16",
    },
    "lm_eval_version": "0.4.9",
    "model_name": "EleutherAI/pythia-160m",
}  # fmt: skip


def written(**changes: Any) -> bytes:
    return json.dumps(WHOLE | changes, indent=2).encode()


def asked(found: Preview) -> list[str]:
    return [question.name for question in found.questions if question.open]


def test_every_metric_of_every_task_is_a_row_in_its_unit() -> None:
    found = read("results_2026.json", written())
    assert (found.kind, found.blocking, found.sentences()) == ("quality", "", [])
    assert found.message == "results_2026.json: 6 results of the lm-eval harness for EleutherAI/pythia-160m, all good."
    columns = ["task", "metric", "filter", "value", "standard_error", "higher_is_better", "n_shot", "task_version"]
    rows = found.rows[columns].astype(object).where(found.rows[columns].notna(), None)
    assert rows.to_numpy().tolist() == [
        ["arc_easy", "accuracy", "none", 50.0, pytest.approx(1.03), True, 0, "1.0"],
        ["arc_easy", "accuracy_norm", "none", 43.75, pytest.approx(1.02), True, 0, "1.0"],
        ["gsm8k", "exact_match", "strict-match", 25.0, None, True, 5, "3.0"],
        ["gsm8k", "exact_match", "flexible-extract", 28.125, pytest.approx(1.23), True, 5, "3.0"],
        ["wikitext", "perplexity", "none", 12.5, None, False, 0, "2.0"],
        ["wikitext", "bits_per_byte", "none", 0.75, None, False, 0, "2.0"],
    ]
    assert set(found.rows["model"]) == {"EleutherAI/pythia-160m"}
    assert set(found.rows["n_params"]) == {162322944}
    assert found.rows["locator"][0] == 'results["arc_easy"]["acc,none"]'


def test_rows_stand_on_the_axis_of_the_published_ones(shipped_store: Store) -> None:
    found = shipped_store.preview("x.json", written())
    published = set(shipped_store.table("quality")["axis"])
    ours = dict(zip(found.rows["task"] + " " + found.rows["metric"], found.rows["axis"], strict=True))
    assert ours["wikitext perplexity"] == "perplexity per word, wikitext, zero-shot, lm-eval"
    hellaswag = read("x.json", written(results={"hellaswag": {"acc,none": 0.5}}, **{"n-shot": {"hellaswag": 0}}))
    assert hellaswag.rows["axis"][0] in published


def test_evaluations_are_stored_and_taken_back(shipped_store: Store) -> None:
    before = shipped_store.export("quality")
    facts = {"weight_format": "W4A16-int4", "method": "gptq"}
    dataset = shipped_store.commit(shipped_store.preview("x.json", written(), facts=facts))
    rows = shipped_store.table("quality", dataset_id=dataset)
    assert len(rows) == 6
    assert set(rows["origin"]) == {"uploaded"}
    assert set(rows["weight_format"]) == {"int4"}
    assert (set(rows["weight_bits"]), set(rows["activation_bits"])) == ({4.0}, {16.0})
    assert shipped_store.check() == []
    assert shipped_store.preview("again.json", written(), facts=facts).existing == dataset
    assert shipped_store.undo(dataset) == 6
    assert shipped_store.export("quality") == before


def test_the_format_of_the_weights_is_never_taken_from_the_type_they_were_loaded_in() -> None:
    found = read("x.json", written())
    assert found.rows["weight_format"].isna().all()
    (question,) = [question for question in found.questions if question.name == "weight_format"]
    assert "it was loaded as torch.float16" in question.text
    assert asked(read("x.json", written(), facts={"weight_format": "fp4"})) == ["format fp4"]


def test_a_model_without_a_name_is_asked_for() -> None:
    nameless = {key: value for key, value in WHOLE.items() if key not in ("model_name", "config")}
    found = read("x.json", json.dumps(nameless).encode())
    assert asked(found) == ["model"]
    assert read("x.json", json.dumps(nameless).encode(), facts={"model": "mine"}).blocking == ""
    arguments = {"model_args": "dtype=bf16,pretrained=me/mine,revision=main"}
    by_argument = json.dumps(nameless | {"config": arguments}).encode()
    assert set(read("x.json", by_argument).rows["model"]) == {"me/mine"}


def test_a_metric_whose_direction_nobody_knows_is_asked_about() -> None:
    data = written(results={"mine": {"my_score,none": 3.0}}, higher_is_better={})
    found = read("x.json", data)
    assert asked(found) == ["higher_is_better my_score"]
    rows = read("x.json", data, facts={"higher_is_better my_score": "no"}).rows
    assert (rows["higher_is_better"][0], rows["value"][0], rows["metric"][0]) == (False, 3.0, "my_score")


def test_files_of_the_old_harness_are_read() -> None:
    old = {
        "results": {"piqa": {"acc": 0.625, "acc_stderr": 0.01}},
        "versions": {"piqa": 0},
        "config": {"model": "gpt2"},
    }
    found = read("x.json", json.dumps(old).encode(), facts={"model": "gpt2"})
    row = found.rows.iloc[0]
    assert (row["task"], row["metric"], row["value"], row["standard_error"]) == ("piqa", "accuracy", 62.5, 1.0)
    assert row["task_version"] == "0"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "row 1: acc,none is 'nan'; the result is no finite number; run the task again, or leave it out"),
        (float("inf"), "row 1: acc,none is 'inf'; the result is no finite number; run the task again, or leave it out"),
        (50.5, "row 1: acc,none is '50.5'; the harness writes this as a part of 1; correct it, or leave it out"),
        (-0.5, "row 1: acc,none is '-0.5'; the harness writes this as a part of 1; correct it, or leave it out"),
    ],
)
def test_a_result_that_cannot_be_is_named(value: float, said: str) -> None:
    found = read("x.json", written(results={"piqa": {"acc,none": value}, "boolq": {"acc,none": 0.5}}))
    assert found.sentences() == [said]
    assert list(found.rows["task"]) == ["boolq"]


def test_a_limited_evaluation_says_so_in_every_row() -> None:
    config = WHOLE["config"] | {"limit": 100.0}
    assert set(read("x.json", written(config=config)).rows["note"]) == {
        "only a part of the samples was evaluated: limit 100.0"
    }


def test_a_file_of_the_harness_without_results_is_said() -> None:
    assert 'give the file whose "results" lists tasks' in read("x.json", written(results={})).blocking
    assert (
        'give the file whose "results" lists tasks' in read("x.json", written(results={"a": {"alias": "a"}})).blocking
    )
