"""Speed-ups: the step formula of the paper and the tables read from published measurements."""

import numpy as np
import pandas as pd
import pytest

from analysis.plans.speed import MEASURED_COLUMNS, measured_tables, training_speedup


@pytest.mark.parametrize(("forward", "backward", "step"), [(2, 1, 1.2), (1, 2, 1.5), (2, 2, 2.0), (1, 1, 1.0)])
def test_a_step_is_one_third_forward_and_two_thirds_backward(forward, backward, step):
    assert training_speedup(forward, backward) == pytest.approx(step, rel=1e-15)


def test_the_shipped_tables_are_the_three_of_the_paper_over_fp8(throughput):
    tables = measured_tables(throughput)
    assert [table.name for table in tables] == [
        "RTX 5090, Quartet linear layers, old kernels, batch 32",
        "RTX 5090, Quartet linear layers, new kernels, batch 32",
        "RTX 5090, Quartet linear layers, QuTLASS re-measurement, batch 64",
    ]
    assert {table.reference for table in tables} == {"fp8"}
    assert all(table.measured and table.source_id == "quartet_2025" for table in tables)


@pytest.mark.parametrize("reference", ["FP8", "BF16"])
def test_every_speedup_of_a_model_size_is_in_exactly_one_table(throughput, reference):
    rows = throughput[(throughput["metric"] == "speedup") & (throughput["baseline_format"] == reference)]
    rows = rows.dropna(subset=["n_params"])
    values = np.concatenate([np.r_[t.forward, t.backward] for t in measured_tables(throughput, reference)])
    np.testing.assert_array_equal(np.sort(values), np.sort(rows["value"]))


def test_a_table_gives_back_its_own_rows_at_their_sizes(throughput):
    table = measured_tables(throughput)[0]
    assert (np.diff(table.n_params) > 0).all()
    rows = throughput[(throughput["metric"] == "speedup") & throughput["kernel"].str.contains("old kernels")]
    for row in rows.itertuples():
        forward, backward = table.at(np.array(row.n_params))
        assert {"forward": forward, "backward": backward}[row.phase] == pytest.approx(row.value, rel=1e-12)


def test_different_batches_are_never_mixed(throughput):
    rows = throughput[throughput["kernel"].str.contains("old kernels")]
    twice = pd.concat([rows, rows.assign(batch=64, value=9.0)])
    names = [(table.name.rpartition(" ")[2], set(table.forward) == {9.0}) for table in measured_tables(twice)]
    assert names == [("32", False), ("64", True)]


def test_a_size_with_one_phase_only_and_a_table_with_one_phase_only_are_left_out(throughput):
    rows = throughput[throughput["kernel"].str.contains("old kernels")]
    largest = rows["n_params"].max()
    cut = rows[~((rows["phase"] == "backward") & (rows["n_params"] == largest))]
    assert measured_tables(cut)[0].span[1] < largest
    assert measured_tables(rows[rows["phase"] == "forward"]) == []


def test_no_rows_give_no_tables(throughput):
    assert measured_tables(throughput.head(0)) == []
    assert measured_tables(pd.DataFrame(columns=list(MEASURED_COLUMNS))) == []


@pytest.mark.parametrize(
    ("column", "value"), [("value", 0.0), ("value", np.nan), ("value", np.inf), ("n_params", -1.0)]
)
def test_a_speedup_or_size_that_is_no_positive_number_is_named(throughput, column, value):
    rows = throughput[throughput["kernel"].str.contains("old kernels")].reset_index(drop=True).copy()
    rows[column] = rows[column].astype(float)
    rows.loc[3, column] = value
    with pytest.raises(ValueError, match=f"row 3: {column} is {value:g}; a finite number above 0 is needed"):
        measured_tables(rows)
