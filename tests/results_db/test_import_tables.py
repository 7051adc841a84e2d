"""Tables from other programs: Parquet files and the run table that Weights & Biases exports."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from results_db import Store
from results_db.importers.reader import read

WANDB = """"Name","State","Notes","User","Tags","Created","Runtime","Sweep","num_params","batch_size","_step","val/loss","train/loss"
"calm-sun-1","finished","-","me","","2026-01-02T03:04:05.000Z","3600","","124000000","64","5000","3.25","3.2"
"wild-sea-2","crashed","too hot","me","","2026-01-02T03:04:05.000Z","1800","","124000000","64","2500","3.5","3.4"
"odd-elk-3","failed","-","me","","2026-01-02T03:04:05.000Z","60","","350000000","64","","NaN",""
"""  # noqa: E501
WANDB_FACTS = {"batch_tokens": "524288"}
WANDB_COLUMNS = {"batch_size": "", "train/loss": ""}


def parquet(table: pa.Table | pd.DataFrame, **options: Any) -> bytes:
    file = io.BytesIO()
    table = pa.Table.from_pandas(table, preserve_index=False) if isinstance(table, pd.DataFrame) else table
    pq.write_table(table, file, **options)
    return file.getvalue()


def test_the_run_table_of_wandb_is_read_with_its_crashed_runs_flagged() -> None:
    found = read("wandb_export.csv", WANDB.encode(), WANDB_COLUMNS, WANDB_FACTS)
    assert found.blocking == ""
    assert list(found.rows["run_id"]) == ["calm-sun-1", "wild-sea-2"]
    assert list(found.rows["n_params"]) == [124e6, 124e6]
    assert list(found.rows["n_tokens"]) == [5000 * 524288, 2500 * 524288]
    assert list(found.rows["loss"]) == [3.25, 3.5]
    assert list(found.rows["outlier"]) == [False, True]
    assert list(found.rows["note"])[1] == "W&B state: crashed; too hot"
    assert pd.isna(found.rows["note"][0])
    (first, second) = found.sentences()  # the failed run has neither steps nor a loss
    assert first.startswith("row 4: val/loss is 'NaN'; ")
    assert second == "row 4: n_tokens (_step x batch_tokens): the cell is empty; write a number or delete the row"


def test_columns_that_wandb_adds_by_itself_are_no_questions() -> None:
    found = read("wandb_export.csv", WANDB.encode())
    settled = {name for name, match in found.mapping.items() if match.confidence >= found.sure}
    assert {"State", "Notes", "User", "Tags", "Created", "Runtime", "_step"} <= settled
    unsettled = set(found.mapping) - settled
    assert unsettled == {"batch_size", "train/loss"}
    assert [question.name for question in found.questions if question.open] == ["n_tokens"]


def test_a_wandb_table_may_be_wide() -> None:
    extra = {f"config/{i}": "1" for i in range(300)}
    data = pd.DataFrame({"Name": ["a"], "State": ["finished"], "Runtime": ["1"], "N": ["1e9"], "D": ["2e10"]} | extra)
    found = read("x.csv", data.assign(loss="2.9").to_csv(index=False).encode(), dict.fromkeys(extra, ""))
    assert (found.blocking, len(found.rows)) == ("", 1)


FRAME = pd.DataFrame(
    {
        "run": ["a", "b", "c"],
        "params": [124_000_000, 1_300_000_000, 7_000_000_000],
        "tokens": [2.5e9, 2.6e10, 1.4e11],
        "loss": np.array([3.1234567890123457, 2.5, 1 / 3 + 2]),
        "precision": pd.Categorical(["bf16", "mxfp4", "bf16"]),
        "note": ["", None, "größer"],
        "outlier": [True, False, False],
    }
)


@pytest.mark.parametrize("compression", ["NONE", "SNAPPY", "ZSTD", "GZIP", "BROTLI", "LZ4"])
def test_a_parquet_file_is_read_like_the_same_table_as_csv(compression: str) -> None:
    found = read("x.parquet", parquet(FRAME, compression=compression))
    table = read("x.csv", FRAME.to_csv(index=False).encode())
    assert (found.blocking, found.sentences()) == ("", [])
    pd.testing.assert_frame_equal(found.rows.drop(columns="locator"), table.rows.drop(columns="locator"))
    assert list(found.rows["locator"]) == ["row 1", "row 2", "row 3"]


def test_an_export_to_parquet_comes_back_as_it_was(shipped_store: Store) -> None:
    before = shipped_store.table("runs", source_id="quartet_2025")
    preview = shipped_store.preview("x.parquet", shipped_store.export("runs", "parquet", "quartet_2025"))
    assert (preview.blocking, preview.sentences()) == ("", [])
    after = shipped_store.table("runs", dataset_id=shipped_store.commit(preview))
    shared = [name for name in before if name not in ("source_id", "dataset_id", "origin")]
    pd.testing.assert_frame_equal(before[shared], after[shared], check_dtype=False)


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64(), pa.decimal128(20, 4), pa.string(), pa.large_string()])
def test_numbers_of_any_type_are_read(kind: pa.DataType) -> None:
    losses = pa.array([2.5, 3.25]).cast(kind)
    found = read("x", parquet(pa.table({"n_params": [10**9, 2 * 10**9], "n_tokens": ["20B", "4e10"], "loss": losses})))
    assert (found.blocking, list(found.rows["loss"]), list(found.rows["n_tokens"])) == ("", [2.5, 3.25], [2e10, 4e10])


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pa.array([[1.0]]), "loss: the column holds DOUBLE[], not numbers or text; leave it out"),
        (pa.array([{"a": 1}]), "loss: the column holds STRUCT(a BIGINT), not numbers or text; leave it out"),
        (pa.array([b"\xff"]), "loss: the column holds BLOB, not numbers or text; leave it out"),
    ],
)
def test_a_column_that_is_no_cell_is_named(column: pa.Array, said: str) -> None:
    assert read("x", parquet(pa.table({"n_params": [1e9], "n_tokens": [2e10], "loss": column}))).blocking == said


@pytest.mark.parametrize("fmt", ["csv", "parquet"])
@pytest.mark.parametrize(("table", "source"), [("loss_curves", "multi_power_law_2025"), ("quality", "amd_quark")])
def test_an_export_of_curves_or_evaluations_comes_back_as_it_was(
    table: str, source: str, fmt: str, shipped_store: Store
) -> None:
    before = shipped_store.table(table, source_id=source)
    preview = shipped_store.preview("again", shipped_store.export(table, fmt, source))
    assert (preview.kind, preview.blocking, preview.sentences()) == (table, "", [])
    after = shipped_store.table(table, dataset_id=shipped_store.commit(preview))
    own = ("source_id", "dataset_id", "origin", "source_family")
    order = ["curve_id", "step"] if table == "loss_curves" else ["locator"]
    shared = [name for name in before if name not in own]
    pd.testing.assert_frame_equal(
        before[shared].sort_values(order, kind="stable", ignore_index=True),
        after[shared].sort_values(order, kind="stable", ignore_index=True),
        check_dtype=False,
    )


def test_a_table_of_evaluations_by_hand_is_read() -> None:
    data = (
        b"model,task,metric,higher_is_better,value,weight_format\nm,piqa,accuracy,yes,78.1,mxfp4\nm,,accuracy,yes,1,x\n"
    )
    found = read("x.csv", data)
    assert (found.kind, len(found.rows), found.rows["value"][0]) == ("quality", 1, 78.1)
    assert found.sentences() == ["row 3: task: it is empty; every row needs one"]
    odd = read("x.csv", b"model,task,metric,higher_is_better,value,mood\nm,piqa,accuracy,yes,78.1,fine\n")
    assert odd.blocking == "columns: a table of evaluations has no such columns: mood. Say to ignore them"
