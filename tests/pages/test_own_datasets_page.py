"""The results page takes in what people have on disk, asks what is missing, and keeps every change of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from results_db import Store

ROOT = Path(__file__).resolve().parents[2]
STATE = json.dumps(
    {
        "log_history": [
            entry
            for step in range(10, 110, 10)
            for entry in ({"loss": 5 - step / 50, "step": step}, {"eval_loss": 5.1 - step / 50, "step": step})
        ],
        "num_input_tokens_seen": 0,
        "global_step": 100,
        "total_flos": 1e18,
    }
).encode()
RUNS = b"run_id,n_params,n_tokens,loss\na,1e9,2e10,2.9\nb,2e9,4e10,2.8\n"


@pytest.fixture
def page(own_store_path: Path, empty_file: Path) -> Callable[[], AppTest]:
    """A maker of the results page on this test's own store, empty at first."""
    shutil.copyfile(empty_file, own_store_path)

    def opened() -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        return checked(at.switch_page("pages/results.py").run())

    return opened


def checked(at: AppTest) -> AppTest:
    assert not at.exception, at.exception
    return at


def dropped(at: AppTest, name: str, data: bytes) -> AppTest:
    number = at.session_state["results.upload_number"]
    return checked(at.file_uploader(key=f"results.file.{number}").set_value((name, data, "text/plain")).run())


def said(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.success, at.info, at.warning, at.error, at.text)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def fact(at: AppTest, name: str):
    widgets = [*at.text_input, *at.selectbox]
    return next(widget for widget in widgets if str(widget.key).endswith(f".fact.{name}"))


def imported(at: AppTest, name: str, data: bytes) -> tuple[AppTest, str]:
    at = dropped(at, name, data)
    at = checked(at.button(key="results.import").click().run())
    key = next(str(button.key) for button in at.button if str(button.key).startswith("results.undo."))
    return at, key.removeprefix("results.undo.")


def test_a_trainer_state_asks_for_what_it_does_not_say_and_becomes_a_run_with_its_curves(page, own_store_path) -> None:
    at = dropped(page(), "trainer_state.json", STATE)
    assert "**The file does not say:**" in said(at)
    assert not any(button.key == "results.import" for button in at.button)
    fact(at, "n_params").input("124M")
    at = checked(at.run())
    fact(at, "batch_tokens").input("0.5M")
    fact(at, "forward_format").input("fp4")
    at = checked(at.run())
    assert "Nothing can be imported before" in said(at)  # fp4 may be several formats
    fact(at, "format fp4").select("mxfp4")
    at = checked(at.run())
    at = checked(at.button(key="results.import").click().run())
    assert "1 training run with 20 points of loss curves imported." in said(at)
    assert any(element.proto.spec for element in at.get("plotly_chart"))
    with Store.open(own_store_path) as store:
        (run,) = store.table("runs").to_dict("records")
        assert (run["n_params"], run["n_tokens"], run["forward_format"]) == (124e6, 100 * 0.5e6, "mxfp4")
        assert len(store.table("loss_curves")) == 20


def test_perplexities_are_asked_about_and_converted(page) -> None:
    at = dropped(page(), "x.csv", b"n_params,n_tokens,val_ppl\n1e9,2e10,20.0855\n")
    assert any("suggests perplexity" in str(box.label) for box in at.selectbox)
    fact(at, "loss_unit").select("perplexity")
    at = checked(at.run())
    (rows,) = [table.value for table in at.dataframe if "loss" in table.value and len(table.value) == 1]
    assert rows["loss"][0] == pytest.approx(3.0, abs=1e-5)


def test_a_dataset_is_renamed_corrected_deleted_and_restored_with_its_history(page, own_store_path) -> None:
    at, dataset = imported(page(), "mine.csv", RUNS)
    at.text_input(key=f"results.name.{dataset}").set_value("first sweep")
    at = checked(checked(at.run()).button(key=f"results.rename.{dataset}").click().run())
    assert "first sweep" in at.selectbox(key="results.dataset").options
    with Store.open(own_store_path) as store:
        store.edit(dataset, [("b", "loss", "2.75")])
    at = checked(at.run())
    (history,) = [table.value for table in at.dataframe if "old_value" in table.value]
    assert list(history["action"]) == ["rename", "edit"]
    assert list(history["old_value"]) == ["mine", "2.8"]
    at = checked(at.button(key=f"results.undo.{dataset}").click().run())
    assert "cannot be undone" in said(at)
    at = checked(at.button(key=f"results.delete.{dataset}").click().run())
    assert "first sweep: 2 training runs, deleted" in said(at)
    at = checked(at.button(key=f"results.restore.{dataset}").click().run())
    assert "My datasets (1)" in [expander.label for expander in at.expander]
    at = checked(at.button(key=f"results.delete.{dataset}").click().run())
    at = checked(at.button(key=f"results.purge.{dataset}").click().run())
    assert "No file was imported yet" in said(at)
    assert "deleted 20" not in said(at)


def test_an_import_is_undone_where_it_was_made(page, own_store_path) -> None:
    at, dataset = imported(page(), "mine.csv", RUNS)
    at = checked(at.button(key=f"results.undo.{dataset}").click().run())
    assert "No file was imported yet" in said(at)
    with Store.open(own_store_path) as store:
        assert store.table("runs").empty


def test_every_kind_of_file_is_shown_under_my_datasets(page) -> None:
    harness = json.dumps({"results": {"piqa": {"acc,none": 0.7}}, "n-shot": {"piqa": 0}, "model_name": "m"}).encode()
    probe = json.dumps({"kernel": "mm_bf16", "status": "FAILED", "detail": "no luck"}).encode()
    at = page()
    for name, data, words in (
        ("curve.csv", b"step,loss\n1,3.5\n2,3.25\n", "2 points of loss curves from curve.csv"),
        ("results.json", harness, "1 evaluation from results.json"),
        ("probe.jsonl", probe, "1 probe result from probe.jsonl"),
    ):
        at, dataset = imported(at, name, data)
        at = checked(at.selectbox(key="results.dataset").select(dataset).run())
        assert words in said(at)


def test_another_file_of_the_same_name_is_read_anew(page) -> None:
    at = dropped(page(), "mine.csv", RUNS)
    assert "a table of 2 runs, all good." in said(at)
    assert "a table of 3 runs, all good." in said(dropped(at, "mine.csv", RUNS + b"c,4e9,8e10,2.7\n"))


def test_text_of_a_file_is_shown_as_text_in_the_questions_about_it(page) -> None:
    data = json.dumps({"results": {"t": {"[x](http://y) **b**,none": 3.0}}, "versions": {"t": 0}}).encode()
    at = dropped(page(), "<b>results</b>.json", data)
    labels = [str(widget.label) for widget in (*at.text_input, *at.selectbox)]
    (asking,) = [label for label in labels if "http" in label]
    assert "\\[x\\]\\(http" in asking
    assert "\\*\\*b\\*\\*" in asking


def test_an_import_that_finds_no_room_is_said_and_can_be_tried_again(page, own_store_path, monkeypatch) -> None:
    at = dropped(page(), "runs.csv", RUNS)

    def full(*_: object) -> str:
        raise duckdb.IOException('Could not write file "x": No space left on device')

    with monkeypatch.context() as patched:
        patched.setattr("results_db.writing.add_dataset", full)
        at = checked(at.button(key="results.import").click().run())
        assert "there is no room to write to the store" in said(at)
    at = checked(at.button(key="results.import").click().run())
    assert "2 training runs imported." in said(at)


def test_100000_runs_are_uploaded_drawn_and_undone_without_being_sent_to_the_browser(page, own_store_path) -> None:
    rows = "".join(f"{1e8 + 1e6 * (i % 997):.0f},{1e9 + i:.0f},{2 + i % 1013 / 1000}\n" for i in range(100_000))
    at, dataset = imported(page(), "many.csv", f"n_params,n_tokens,loss\n{rows}".encode())
    assert "100,000 training runs imported." in said(at)
    assert "dots, one for runs that lie close" in said(at)
    drawn = json.loads(at.get("plotly_chart")[0].proto.spec)["data"]
    assert sum(len(trace["customdata"]) for trace in drawn) < 50_000
    assert max(len(table.value) for table in at.dataframe) <= 1000
    at = checked(at.button(key=f"results.undo.{dataset}").click().run())
    assert "The store holds no runs yet" in said(at)
