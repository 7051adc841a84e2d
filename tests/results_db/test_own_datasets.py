"""A user's datasets are renamed, corrected, deleted, restored and shared, and every old value is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from results_db import Store
from results_db.importers.training_log import CURVES
from results_db.writing import ROW_GROUP

RUNS = (
    b"run_id,n_params,n_tokens,loss,precision,note\na,1e9,2e10,2.9,bf16,=1+1\n"
    b"b,2e9,4e10,2.7123456789012345,mxfp4,gr\xc3\xb6\xc3\x9fer\n"
)
LOG = json.dumps(
    {
        "log_history": [{"loss": 3 - step / 7000, "learning_rate": 1e-3, "step": step} for step in range(0, 500, 10)],
        "num_input_tokens_seen": 10**9,
        "global_step": 500,
    }
).encode()
HARNESS = json.dumps({"results": {"piqa": {"acc,none": 0.7}}, "n-shot": {"piqa": 0}, "model_name": "m"}).encode()
PROBE = json.dumps(
    {
        "kernel": "mm_bf16", "status": "FAILED", "detail": "no\x1b[1m luck", "versions": {"torch": "2.13"},
        "clock": 1.5, "utc": "2026-01-02T03:04:05Z", "m": 128,
    }
).encode()  # fmt: skip
FILES: dict[str, tuple[bytes, dict[str, str]]] = {
    "runs": (RUNS, {}),
    "runs with curves": (LOG, {"n_params": "124M", "run_id": "small"}),
    "curves": (LOG, {"keep": CURVES}),
    "evaluations": (HARNESS, {"weight_format": "W4A16-int4"}),
    "probe": (PROBE, {}),
}
OWN_TABLES = ("datasets", "runs", "loss_curves", "quality", "probe_results", "history", "deleted_rows")


def imported(store: Store, kind: str = "runs") -> str:
    data, facts = FILES[kind]
    return store.commit(store.preview("mine.txt", data, facts=facts), "mine")


def own(store: Store, *tables: str) -> dict[str, pd.DataFrame]:
    return {table: store.table(table) for table in tables or OWN_TABLES}


def same(before: dict[str, pd.DataFrame], after: dict[str, pd.DataFrame]) -> None:
    for table, frame in before.items():
        pd.testing.assert_frame_equal(frame, after[table], obj=table)


def changes(store: Store, dataset: str) -> list[tuple]:
    frame = store.history(dataset).astype(object)
    kept = frame.where(frame.notna(), None)[["action", "row_key", "column_name", "old_value", "new_value"]]
    return list(kept.itertuples(index=False, name=None))


def test_a_renamed_dataset_keeps_its_old_name_in_its_history(empty_store: Store) -> None:
    dataset = imported(empty_store)
    assert empty_store.rename(dataset, "  sweep \n one ") == "sweep one"
    assert list(empty_store.datasets()["name"]) == ["sweep one"]
    assert changes(empty_store, dataset) == [("rename", None, "name", "mine", "sweep one")]
    assert empty_store.rename(dataset, "sweep one") == "sweep one"  # nothing changes, nothing is written down
    assert len(empty_store.history(dataset)) == 1


def test_a_name_that_is_taken_gets_a_number(empty_store: Store) -> None:
    imported(empty_store)
    other = imported(empty_store, "curves")
    assert empty_store.rename(other, "mine") == "mine (2)"


def test_a_corrected_cell_keeps_its_old_value_in_the_history(empty_store: Store) -> None:
    dataset = imported(empty_store)
    corrections = [
        ("a", "loss", "2.85"), ("a", "n_tokens", "30B"), ("b", "note", ""), ("b", "forward_format", "NVFP4"),
        ("b", "outlier", "yes"), ("b", "family", "sweep"),
    ]  # fmt: skip
    assert empty_store.edit(dataset, corrections) == 6
    rows = empty_store.table("runs").astype(object)
    rows = rows.where(rows.notna(), None)
    assert list(rows["run_id"]) == ["a", "b"]
    assert (rows["loss"][0], rows["n_tokens"][0]) == (2.85, 3e10)
    assert (rows["note"][1], rows["forward_format"][1], rows["outlier"][1]) == (None, "nvfp4", True)
    assert changes(empty_store, dataset) == [
        ("edit", "a", "loss", "2.9", "2.85"), ("edit", "a", "n_tokens", "20000000000.0", "30000000000.0"),
        ("edit", "b", "note", "größer", None), ("edit", "b", "forward_format", "mxfp4", "nvfp4"),
        ("edit", "b", "outlier", "false", "true"), ("edit", "b", "family", None, "sweep"),
    ]  # fmt: skip
    assert empty_store.check() == []
    assert empty_store.preview("again.csv", RUNS).existing == dataset  # the file is known by what was imported


WRONG = [
    (("a", "loss", "-1"), "run 'a': loss is '-1'; write the final loss in nats per token, a number above 0"),
    (("a", "loss", ""), "run 'a': loss is ''; it cannot be empty"),
    (("a", "forward_format", "fp4"), "run 'a': forward_format is 'fp4'; write which is meant: e2m1, mxfp4, nvfp4"),
    (("a", "run_id", "c"), "unknown column to edit 'run_id'"),
    (("a", "locator", "x"), "unknown column to edit 'locator'"),
    (("a", "source_id", "quartet_2025"), "unknown column to edit 'source_id'"),
    (("z", "loss", "2"), "unknown run of this dataset 'z'"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG)
def test_a_correction_that_cannot_be_changes_nothing_at_all(
    wrong: tuple[str, str, str], said: str, empty_store: Store
) -> None:
    dataset = imported(empty_store)
    before = own(empty_store)
    with pytest.raises(ValueError) as raised:
        empty_store.edit(dataset, [("b", "loss", "2.5"), wrong])
    assert str(raised.value).startswith(said)
    same(before, own(empty_store))


def test_a_published_run_cannot_be_edited(shipped_store: Store) -> None:
    with pytest.raises(ValueError, match="unknown dataset 'quartet_2025'"):
        shipped_store.edit("quartet_2025", [("001", "loss", "1.0")])


@pytest.mark.parametrize("kind", FILES)
def test_a_deleted_dataset_is_restored_as_it_was(kind: str, empty_store: Store) -> None:
    dataset = imported(empty_store, kind)
    before = own(empty_store, "datasets", "runs", "loss_curves", "quality", "probe_results")
    n_rows = sum(len(frame) for table, frame in before.items() if table != "datasets")
    assert empty_store.delete(dataset) == n_rows
    assert all(frame.empty for frame in own(empty_store, *before).values())
    assert empty_store.check() == []
    (put_aside,) = empty_store.deleted().to_dict("records")
    assert (put_aside["dataset_id"], put_aside["name"]) == (dataset, "mine")
    assert empty_store.restore(dataset) == n_rows
    same(before, own(empty_store, *before))
    assert empty_store.deleted().empty
    assert [action for action, *_ in changes(empty_store, dataset)] == ["delete", "restore"]


def test_what_was_deleted_for_good_is_gone(empty_store: Store) -> None:
    before = own(empty_store)
    dataset = imported(empty_store)
    empty_store.rename(dataset, "other")
    empty_store.delete(dataset)
    assert empty_store.purge(dataset) == 2
    same(before, own(empty_store))
    for verb in (empty_store.restore, empty_store.purge):
        with pytest.raises(ValueError, match="unknown deleted dataset"):
            verb(dataset)


def test_rows_that_lie_in_the_bin_are_not_imported_beside_it(empty_store: Store) -> None:
    dataset = imported(empty_store)
    early = empty_store.preview("again.csv", RUNS)
    empty_store.delete(dataset)
    preview = empty_store.preview("again.csv", RUNS)
    assert preview.blocking.startswith("again.csv: these rows were imported before, as 'mine', and deleted on 20")
    with pytest.raises(ValueError, match="Restore that dataset, or delete it for good"):
        empty_store.commit(early)
    empty_store.purge(dataset)
    assert empty_store.commit(empty_store.preview("again.csv", RUNS)) == dataset


def test_a_restored_dataset_whose_name_was_taken_meanwhile_is_told_apart(empty_store: Store) -> None:
    dataset = imported(empty_store)
    empty_store.delete(dataset)
    imported(empty_store, "curves")
    empty_store.restore(dataset)
    assert sorted(empty_store.datasets()["name"]) == ["mine", "mine (restored)"]


def test_an_import_that_was_changed_since_is_deleted_and_not_undone(empty_store: Store) -> None:
    dataset = imported(empty_store)
    empty_store.edit(dataset, [("a", "loss", "2.5")])
    with pytest.raises(ValueError, match="the import of 'mine' cannot be undone: the dataset was changed since"):
        empty_store.undo(dataset)
    assert len(empty_store.table("runs")) == 2


@pytest.fixture
def elsewhere(empty_file: Path, tmp_path: Path) -> Iterator[Store]:
    """Another store, of somebody else."""
    path = tmp_path / "elsewhere.duckdb"
    path.write_bytes(empty_file.read_bytes())
    with Store.open(path) as store:
        yield store


@pytest.mark.parametrize("kind", FILES)
def test_a_shared_dataset_is_the_same_elsewhere(kind: str, empty_store: Store, elsewhere: Store) -> None:
    dataset = imported(empty_store, kind)
    if kind.startswith("runs"):
        (run, *_) = empty_store.table("runs")["run_id"]
        empty_store.edit(dataset, [(run, "loss", "2.5"), (run, "note", "corrected")])
    empty_store.rename(dataset, "the sweep")
    preview = elsewhere.preview("from a friend.txt", empty_store.share(dataset))
    assert (preview.blocking, preview.sentences(), preview.default_name) == ("", [], "the sweep")
    assert elsewhere.commit(preview) == dataset
    tables = ("datasets", "runs", "loss_curves", "quality", "probe_results")
    same(own(empty_store, *tables), own(elsewhere, *tables))
    ours, theirs = changes(empty_store, dataset), changes(elsewhere, dataset)
    assert theirs == [*ours, ("import", None, None, None, "from a friend.txt")]
    assert elsewhere.check() == []
    assert elsewhere.preview("again.txt", empty_store.share(dataset)).existing == dataset
    assert elsewhere.undo(dataset) == len(preview.rows) + len(preview.curves)
    assert all(frame.empty for frame in own(elsewhere).values())


def test_the_file_that_was_first_imported_is_known_where_it_was_shared(empty_store: Store, elsewhere: Store) -> None:
    dataset = imported(empty_store)
    empty_store.edit(dataset, [("a", "loss", "2.5")])
    elsewhere.commit(elsewhere.preview("x", empty_store.share(dataset)))
    assert elsewhere.preview("mine.csv", RUNS).existing == dataset


def resealed(head: dict, body: bytes) -> bytes:
    head = head | {"sha256": hashlib.sha256(body).hexdigest()}
    return json.dumps(head).encode() + b"\n" + body


def unsealed(data: bytes) -> tuple[dict, bytes]:
    line, _, body = data.partition(b"\n")
    return json.loads(line), body


def with_head(**changed: object) -> Callable[[bytes], bytes]:
    return lambda data: resealed(unsealed(data)[0] | changed, unsealed(data)[1])


def with_about(**changed: object) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        head, body = unsealed(data)
        return resealed(head | {"dataset": head["dataset"] | changed}, body)

    return change


def with_body(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        head, body = unsealed(data)
        body = body.replace(old, new)
        return resealed(head | {"tables": {"runs": len(body)}}, body)

    return change


EDIT = {"changed_at": "2026-01-01T00:00:00", "action": "edit", "row_key": "a", "column_name": "loss", "old_value": "3"}
TAMPERED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut off": (lambda data: data[:-20], "do not match its first line: it was cut off"),
    "a digit changed": (lambda data: data.replace(b"2.9", b"2.8"), "do not match its first line: it was cut off"),
    "only the first line": (lambda data: data.partition(b"\n")[0], "do not match its first line"),
    "half of the first line": (lambda data: data[:90], "the first line of the shared dataset is no JSON"),
    "a newer format": (with_head(precision_atlas_dataset=2), "has format 2, this program reads format 1"),
    "no provenance": (with_head(dataset=None), "does not say what it is"),
    "a name that is none": (with_about(name=7), "does not say what it is"),
    "no time": (with_about(imported_at="yesterday"), "the shared dataset says yesterday where a time belongs"),
    "another kind": (with_about(kind="datasets"), "the shared dataset has no row of datasets"),
    "no digest": (with_about(sha256="none"), "does not describe its tables"),
    "negative sizes": (with_head(tables={"runs": -5}), "does not describe its tables"),
    "a table of the store": (with_head(tables={"sources": 0}), "do not match its first line"),
    "no history": (with_head(history=None), "the history of the shared dataset is none"),
    "an odd action": (with_head(history=[EDIT | {"action": "drop"}]), "the history of the shared dataset is none"),
    "an edit of nothing": (with_head(history=[EDIT | {"row_key": "z"}]), "names a cell that it does not have"),
    "an edit of a wrong column": (with_head(history=[EDIT | {"column_name": "origin"}]), "names a cell that it does"),
    "an edit from nonsense": (with_head(history=[EDIT | {"old_value": "-1"}]), "holds -1: write the final loss"),
    "a loss below 0": (with_body(b"2.9", b"-2.9"), "row 2: loss is '-2.9'; write the final loss in nats per token"),
    "a doubled run": (with_body(b"\nb,", b"\na,"), "row 3: run_id is 'a'; row 2 has the same run_id"),
    "a foreign column": (with_body(b"run_id,", b"origin,"), "row 1: origin: this column is not known"),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_shared_dataset_that_was_tampered_with_is_refused(how: str, empty_store: Store, elsewhere: Store) -> None:
    tamper, said = TAMPERED[how]
    preview = elsewhere.preview("x", tamper(empty_store.share(imported(empty_store))))
    assert said in preview.blocking
    with pytest.raises(ValueError, match="nothing was imported"):
        elsewhere.commit(preview, skip_bad_rows=True)
    assert all(frame.empty for frame in own(elsewhere).values())


def test_sharing_what_is_not_there_names_what_is(empty_store: Store) -> None:
    dataset = imported(empty_store)
    with pytest.raises(ValueError, match=f"did you mean {dataset}?"):
        empty_store.share(dataset + "x")


def test_a_store_opens_again_after_every_deletion(empty_store: Store, own_store_path: Path) -> None:
    dataset = imported(empty_store)
    empty_store.close()
    for verb in (Store.delete, Store.restore, Store.delete, Store.purge):  # DuckDB cuts what is free off the file
        with Store.open(own_store_path) as store:
            verb(store, dataset)
    with Store.open(own_store_path) as store:
        assert store.check() == []


def test_more_rows_than_the_engine_stores_together_are_deleted_and_restored_again_and_again(empty_store: Store) -> None:
    n_rows = ROW_GROUP + 5000
    lines = "".join(f"{1e6 + row:.0f},2e10,2.5\n" for row in range(n_rows))
    dataset = empty_store.commit(empty_store.preview("many.csv", f"n_params,n_tokens,loss\n{lines}".encode()))
    before = own(empty_store, "datasets", "runs")
    for _ in range(2):
        assert empty_store.delete(dataset) == n_rows
        assert list(empty_store.deleted()["n_rows"]) == [n_rows]
        assert empty_store.restore(dataset) == n_rows
    same(before, own(empty_store, "datasets", "runs"))
