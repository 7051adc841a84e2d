"""A table of runs on its way in: as people write it, shown first, stored on their word, taken back exactly."""

from __future__ import annotations

import itertools
import json

import pandas as pd
import pytest

from results_db import Store, file_columns
from results_db.importers.aliases import COLUMNS, match_column
from results_db.importers.columns import SURE
from results_db.importers.format_names import FORMATS
from results_db.importers.reader import read
from results_db.importers.run_rules import RULES
from results_db.importers.units import SUFFIXES, parse_count

GOOD = b"""name,params (b),Training Tokens,val_loss,fwd,precision_of_nothing
small,0.5,20B,3.10,BFloat16,x
middle,1.3,1.3 billion,2.80,MXFP4,y
large,7,4.2T,2.10,torch.float8_e4m3fn,
"""
AS_IT_IS = b"run_id,n_params,n_tokens,loss\na,1e9,2e10,2.9\nb,2e9,4e10,2.7\nc,4e9,8e10,2.5\n"


def everything(store: Store) -> dict[str, str]:
    """Every table of the store as text."""
    return {table: store.export(table).decode() for table in store.status()["rows"]}


def test_names_units_and_formats_are_understood() -> None:
    found = read("mine.csv", GOOD, {"precision_of_nothing": ""})
    assert (found.kind, found.blocking, found.sentences()) == ("runs", "", [])
    rows = found.rows
    assert list(rows["run_id"]) == ["small", "middle", "large"]
    assert list(rows["n_params"]) == [0.5e9, 1.3e9, 7e9]
    assert list(rows["n_tokens"]) == [20e9, 1.3e9, 4.2e12]
    assert list(rows["loss"]) == [3.10, 2.80, 2.10]
    assert list(rows["forward_format"]) == ["bf16", "mxfp4", "e4m3"]
    assert list(rows["locator"]) == ["row 2", "row 3", "row 4"]


def test_an_unknown_column_waits_for_the_users_word() -> None:
    found = read("mine.csv", GOOD)
    assert found.kind == "runs"
    assert found.blocking.startswith(
        "row 1: precision_of_nothing: this column is not known; read it as one of run_id, family"
    )
    assert found.blocking.endswith("or ignore it")
    assert len(found.rows) == 3


def test_a_preview_says_what_the_page_shows() -> None:
    found = read("C:\\data\\My runs\n2026.final.csv", GOOD)
    assert found.sure == SURE
    assert found.file_name == "My runs\\x0a2026.final.csv"
    assert found.default_name == "My runs\\x0a2026.final"
    assert found.first_values == {
        "name": "small", "params (b)": "0.5", "Training Tokens": "20B", "val_loss": "3.10", "fwd": "BFloat16",
        "precision_of_nothing": "x",
    }  # fmt: skip
    assert [match.uploaded for match in found.mapping.values()] == list(found.first_values)
    assert found.mapping["params (b)"].reason == "known name, in billions"
    assert found.message == "My runs\\x0a2026.final.csv: a table of 3 runs, all good."


def test_the_first_value_of_a_column_is_its_first_cell_with_text() -> None:
    data = b"n_params,n_tokens,loss,note,kv_bits\n1e9,2e10,2.9,,\n2e9,4e10,2.8, ,\n3e9,6e10,2.7,<b>late</b>,\n"
    assert read("x.csv", data).first_values["note"] == "<b>late</b>"
    assert read("x.csv", data).first_values["kv_bits"] == ""


def test_a_preview_stores_nothing(shipped_store: Store) -> None:
    before = everything(shipped_store)
    preview = shipped_store.preview("mine.csv", AS_IT_IS)
    assert len(preview.rows) == 3
    assert everything(shipped_store) == before


def test_an_import_adds_its_rows_and_undo_restores_the_store_exactly(shipped_store: Store) -> None:
    before = everything(shipped_store)
    preview = shipped_store.preview("mine.csv", AS_IT_IS)
    dataset = shipped_store.commit(preview, "My sweep")
    rows = shipped_store.table("runs", dataset_id=dataset)
    assert list(rows["run_id"]) == ["a", "b", "c"]
    assert list(rows["loss"]) == [2.9, 2.7, 2.5]
    assert set(rows["origin"]) == {"uploaded"}
    assert set(rows["source_id"]) == {dataset}
    (entry,) = shipped_store.datasets().to_dict("records")
    assert (entry["name"], entry["file_name"], entry["kind"], entry["n_rows"]) == ("My sweep", "mine.csv", "runs", 3)
    assert entry["sha256"] == preview.sha256
    assert shipped_store.check() == []
    assert shipped_store.undo(dataset) == 3
    assert everything(shipped_store) == before


def test_uploading_a_file_twice_adds_nothing(empty_store: Store) -> None:
    first = empty_store.commit(empty_store.preview("mine.csv", AS_IT_IS))
    before = everything(empty_store)
    again = empty_store.preview("renamed.csv", AS_IT_IS.replace(b"\n", b"\r\n\r\n"))  # and so on other rows
    assert again.existing == first
    assert again.message == "renamed.csv: these rows are in the store already, as 'mine'; importing adds nothing."
    assert empty_store.commit(again) == first
    assert everything(empty_store) == before


def test_runs_seen_before_in_another_file_are_pointed_out(empty_store: Store) -> None:
    empty_store.commit(empty_store.preview("mine.csv", AS_IT_IS))
    preview = empty_store.preview("more.csv", AS_IT_IS + b"d,8e9,16e10,2.4\n")
    assert preview.existing == ""
    assert "3 of these rows have the size, tokens and loss of runs that were imported before." in preview.message


def test_two_datasets_of_one_name_are_told_apart_and_undone_apart(empty_store: Store) -> None:
    first = empty_store.commit(empty_store.preview("mine.csv", AS_IT_IS))
    second = empty_store.commit(empty_store.preview("mine.csv", AS_IT_IS.replace(b"2.9", b"2.95")))
    assert list(empty_store.datasets()["name"]) == ["mine (2)", "mine"]
    empty_store.undo(first)
    assert set(empty_store.table("runs")["dataset_id"]) == {second}


def test_undoing_what_is_not_there_names_what_is(empty_store: Store) -> None:
    dataset = empty_store.commit(empty_store.preview("mine.csv", AS_IT_IS))
    with pytest.raises(ValueError, match=f"unknown dataset '{dataset}x'; did you mean {dataset}?"):
        empty_store.undo(f"{dataset}x")
    empty_store.undo(dataset)
    with pytest.raises(ValueError, match="known: none"):
        empty_store.undo(dataset)


def test_good_rows_are_imported_without_the_bad_ones_only_on_the_users_word(empty_store: Store) -> None:
    preview = empty_store.preview("mine.csv", AS_IT_IS + b"d,8e9,16e10,-1\n")
    with pytest.raises(ValueError, match=r"row 5: loss is '-1'; .*or import the 3 good rows by themselves"):
        empty_store.commit(preview)
    assert empty_store.table("runs").empty
    empty_store.commit(preview, skip_bad_rows=True)
    assert list(empty_store.table("runs")["run_id"]) == ["a", "b", "c"]


def test_a_file_with_open_questions_is_never_stored(empty_store: Store) -> None:
    preview = empty_store.preview("mine.csv", GOOD)
    with pytest.raises(ValueError, match="nothing was imported: row 1: precision_of_nothing"):
        empty_store.commit(preview, skip_bad_rows=True)
    assert empty_store.datasets().empty


def test_the_user_may_say_what_a_column_is() -> None:
    data = b"width,seen,nats,params\n1e9,2e10,2.9,5\n"
    assert read("x.csv", data).kind == "unknown"
    chosen = {"width": "n_params", "seen": "n_tokens", "nats": "loss", "params": ""}
    found = read("x.csv", data, chosen)
    assert (found.kind, found.blocking) == ("runs", "")
    assert found.rows[["n_params", "n_tokens", "loss"]].to_numpy().tolist() == [[1e9, 2e10, 2.9]]


def test_a_unit_in_a_header_holds_for_the_column_that_the_user_confirms() -> None:
    data = b"Params (B),tokens,loss\n1.3,2e10,2.9\n"
    assert read("x.csv", data, {"Params (B)": "n_params"}).rows["n_params"][0] == 1.3e9
    assert read("x.csv", data, {"Params (B)": "n_tokens", "tokens": "n_params"}).rows["n_tokens"].empty


def test_a_choice_of_a_name_that_does_not_exist_is_said() -> None:
    with pytest.raises(ValueError, match="unknown column of the file 'los'; did you mean loss"):
        read("x.csv", AS_IT_IS, {"los": "loss"})
    with pytest.raises(ValueError, match="unknown column of runs 'losses'; did you mean loss"):
        read("x.csv", AS_IT_IS, {"loss": "losses"})


def test_two_columns_that_mean_the_same_become_a_question() -> None:
    found = read("x.csv", b"n_params,n_tokens,loss,val_loss\n1e9,2e10,2.9,3.0\n")
    assert (
        found.blocking == "row 1: val_loss: loss is read from 'loss' already; ignore this column, or choose it instead"
    )
    chosen = read("x.csv", b"n_params,n_tokens,loss,val_loss\n1e9,2e10,2.9,3.0\n", {"loss": "", "val_loss": "loss"})
    assert chosen.blocking == ""
    assert list(chosen.rows["loss"]) == [3.0]


def test_a_missing_column_is_named_with_what_it_may_be_called() -> None:
    found = read("x.csv", b"n_params,loss\n1e9,2.9\n")
    assert found.blocking.startswith(
        "row 1: n_tokens: there is no such column; add it (names such as d, tokens, num tok"
    )


@pytest.mark.parametrize("column", COLUMNS)
def test_every_known_name_of_a_column_is_understood_however_it_is_written(column: str) -> None:
    for alias in (column, *COLUMNS[column].split(", ")):
        for written in (alias, alias.upper(), alias.title().replace(" ", "_"), f" {alias.replace(' ', '-')} "):
            match = match_column(written)
            assert (match.column, match.confidence >= SURE) == (column, True), (written, match)


def test_no_name_means_two_columns_or_two_formats() -> None:
    for table in (COLUMNS, FORMATS):
        names = [alias for aliases in table.values() for alias in aliases.split(", ")]
        assert sorted(names) == sorted(set(names))


def test_the_columns_on_offer_are_those_that_have_a_rule_and_none_that_the_store_sets(empty_store: Store) -> None:
    table = [name for name in empty_store.table("runs") if name not in ("source_id", "dataset_id", "origin")]
    assert sorted(file_columns()) == sorted(RULES) == sorted(table)


@pytest.mark.parametrize(("suffix", "size"), SUFFIXES.items())
def test_every_suffix_multiplies(suffix: str, size: float) -> None:
    for number, blank, written in itertools.product(("1", "1.3", "20", "4.2e1"), ("", " "), (suffix, suffix.upper())):
        assert parse_count(f"{number}{blank}{written}") == pytest.approx(float(number) * size, rel=1e-15)


@pytest.mark.parametrize(("suffix", "size"), SUFFIXES.items())
def test_a_unit_in_a_header_multiplies(suffix: str, size: float) -> None:
    for header in (f"params ({suffix})", f"Params [{suffix.upper()}]", f"params_{suffix}", f"params in {suffix}"):
        match = match_column(header)
        assert (match.column, match.scale, match.confidence >= SURE) == ("n_params", size, True), (header, match)


def test_a_decimal_count_with_a_suffix_is_the_exact_float() -> None:
    assert parse_count("1.3B") == 1_300_000_000.0
    assert parse_count("4.2T") == 4_200_000_000_000.0


def test_published_runs_survive_export_and_import_unchanged(shipped_store: Store) -> None:
    for source in ("quartet_2025", "chinchilla_replication_2024"):
        before = shipped_store.table("runs", source_id=source)
        preview = shipped_store.preview("again.csv", shipped_store.export("runs", "csv", source))
        assert (preview.blocking, preview.sentences()) == ("", [])
        after = shipped_store.table("runs", dataset_id=shipped_store.commit(preview))
        assert set(after["origin"]) == {"uploaded"}  # an upload cannot claim to be published
        columns = list(file_columns())
        pd.testing.assert_frame_equal(before[columns], after[columns], check_dtype=False)


def test_the_largest_file_imports_with_a_note_in_a_single_row(empty_store: Store) -> None:
    rows = "".join(f"{1e6 + i:.0f},2e10,2.9,{'late' if i == 31_234 else ''}\n" for i in range(50_000))
    preview = empty_store.preview("big.csv", f"n_params,n_tokens,loss,note\n{rows}".encode())
    assert (preview.blocking, len(preview.rows)) == ("", 50_000)
    empty_store.commit(preview)
    assert list(empty_store.table("runs", note="late")["n_params"]) == [1_031_234]


def test_every_row_that_the_rules_let_through_is_one_that_the_table_takes(empty_store: Store) -> None:
    edges = {
        "n_params": ("100", "1e16"), "n_tokens": ("1000", "1e19"), "flops": ("1e6", "1e35"), "loss": ("1e-300", "20"),
        "weight_bits": ("0", "64"), "mantissa_bits": ("0", "64"), "block_size": ("1", "1e9"), "streams": ("1", "1e6"),
        "params_counted": ("all", "Non-Embedding"), "outlier": ("Y", "0"), "note": ("a\nb\tc", "é" * 2000),
        "family": ("x" * 200, "Ω ≤ 语"), "forward_format": ("FP8 E4M3", "my own"),
    }  # fmt: skip
    lines = [dict(zip(edges, values, strict=True)) for values in zip(*edges.values(), strict=True)]
    preview = empty_store.preview("x.jsonl", "\n".join(json.dumps(line) for line in lines).encode())
    assert (preview.blocking, preview.sentences()) == ("", [])
    dataset = empty_store.commit(preview)
    kept = empty_store.table("runs", dataset_id=dataset)
    assert list(kept["params_counted"]) == ["total", "non_embedding"]
    assert list(kept["outlier"]) == [True, False]
    assert list(kept["forward_format"]) == ["e4m3", "my own"]


def test_json_lines_and_a_json_list_of_runs_are_read_like_a_table() -> None:
    runs = [{"params": 1e9, "tokens": "20B", "loss": 2.9, "note": None}, {"params": 2e9, "tokens": 4e10, "loss": 2.8}]
    lines = read("x.jsonl", "\n".join(json.dumps(run) for run in runs).encode())
    listed = read("x.json", json.dumps(runs, indent=1).encode())
    table = read("x.csv", b"params,tokens,loss,note\n1e9,20B,2.9,\n2e9,4e10,2.8,\n")
    assert lines.blocking == listed.blocking == ""
    columns = ["n_params", "n_tokens", "loss", "note"]
    assert lines.rows[columns].equals(table.rows[columns])
    assert listed.rows[columns].equals(table.rows[columns])
