"""Logs of training as loss curves and runs: the Trainer's state, TensorBoard's event files, W&B's charts, tables."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import pandas as pd
import pytest
from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import RecordWriter

from results_db.importers import reader
from results_db.importers.preview import Preview
from results_db.importers.reader import read
from results_db.importers.training_log import BOTH, CURVES


def entries(n: int, tokens_per_step: int = 0) -> list[dict]:
    """A log as the Trainer writes it: losses every 10 steps, evaluations every 50, the mean of all at the end."""
    log: list[dict] = []
    for step in range(10, 10 * n + 1, 10):
        entry = {"epoch": step / 1000, "grad_norm": 1.5, "learning_rate": 3e-4 / step, "loss": 5 - step / 1000}
        if tokens_per_step:
            entry["num_input_tokens_seen"] = step * tokens_per_step
        log.append(entry | {"step": step})
        if step % 50 == 0:
            log.append({"epoch": step / 1000, "eval_loss": 5.1 - step / 1000, "eval_runtime": 3.5, "step": step})
    return [*log, {"epoch": 1.0, "step": 10 * n, "total_flos": 1.2e18, "train_loss": 4.2, "train_runtime": 99.0}]


def state(log: list[dict], **more: object) -> bytes:
    whole = {"best_metric": None, "epoch": 1.0, "global_step": 100, "log_history": log, "max_steps": 100}
    whole |= {"num_input_tokens_seen": 0, "total_flos": 1.2e18, "train_batch_size": 8, "trial_name": None}
    return json.dumps(whole | more, indent=2).encode()


def asked(found: Preview) -> list[str]:
    return [question.name for question in found.questions if question.open]


def test_a_trainer_state_becomes_its_curves_and_a_run_once_its_size_is_said() -> None:
    found = read("trainer_state.json", state(entries(10)))
    assert asked(found) == ["n_params", "n_tokens"]  # a count of 0 tokens means that nobody counted
    assert found.message == (
        "trainer_state.json: a log of the Hugging Face Trainer, 2 loss curves of 12 points, all good."
    )
    facts = {"n_params": "124M", "n_tokens": "2.5B", "run_id": "small", "forward_format": "bfloat16"}
    found = read("trainer_state.json", state(entries(10)), facts=facts)
    assert (found.blocking, found.sentences(), found.kind) == ("", [], "runs")
    (run,) = found.rows.dropna(axis="columns").to_dict("records")
    assert run == {
        "run_id": "small", "n_params": 124e6, "n_tokens": 2.5e9, "flops": 1.2e18, "loss": pytest.approx(5.0),
        "loss_name": "eval_loss", "forward_format": "bf16", "outlier": False, "locator": "log_history entry 12",
    }  # fmt: skip
    train = found.curves[found.curves["loss_name"] == "loss"]
    assert list(train["step"]) == list(range(10, 101, 10))
    assert list(train["loss"]) == [5 - step / 1000 for step in range(10, 101, 10)]
    assert list(train["learning_rate"]) == [3e-4 / step for step in range(10, 101, 10)]
    assert set(found.curves["curve_id"]) == {"small loss", "small eval_loss"}
    assert set(found.curves["run_id"]) == {"small"}
    assert list(found.curves[found.curves["loss_name"] == "eval_loss"]["step"]) == [50, 100]
    assert set(found.curves["n_params"]) == {124e6}


def test_tokens_that_the_log_counts_are_not_asked_for() -> None:
    found = read("x.json", state(entries(10, 1_000_000), num_input_tokens_seen=100_000_000), facts={"n_params": "1B"})
    assert found.blocking == ""
    assert found.rows["n_tokens"][0] == 1e8
    train = found.curves[found.curves["loss_name"] == "loss"]
    assert list(train["n_tokens"]) == [step * 1e6 for step in range(10, 101, 10)]


def test_tokens_per_step_give_the_tokens() -> None:
    found = read("x.json", state(entries(10)), facts={"n_params": "1B", "batch_tokens": "0.5M"})
    assert found.blocking == ""
    assert found.rows["n_tokens"][0] == 100 * 0.5e6
    assert set(found.curves["batch_tokens"]) == {0.5e6}


def test_the_curves_alone_need_no_size() -> None:
    found = read("x.json", state(entries(10)), facts={"keep": CURVES})
    assert (found.kind, found.blocking, len(found.rows)) == ("loss_curves", "", 12)
    assert found.rows["run_id"].isna().all()
    assert read("x.json", state(entries(10)), facts={"keep": BOTH}).kind == "runs"


def test_several_evaluations_are_a_question_and_never_a_guess() -> None:
    log = [*entries(5), {"eval_wiki_loss": 3.0, "step": 50}, {"eval_code_loss": 1.2, "step": 50}]
    facts = {"n_params": "1B", "n_tokens": "1B"}
    found = read("x.json", state(log), facts=facts)
    assert asked(found) == ["loss"]
    settled = read("x.json", state(log), facts=facts | {"loss": "eval_code_loss"})
    assert (settled.rows["loss"][0], settled.rows["loss_name"][0]) == (1.2, "eval_code_loss")


def test_a_log_without_evaluation_ends_in_its_last_training_loss() -> None:
    log = [entry for entry in entries(10) if "eval_loss" not in entry]
    found = read("x.json", state(log), facts={"n_params": "1B", "n_tokens": "1B"})
    assert (found.rows["loss"][0], found.rows["loss_name"][0]) == (4.9, "loss")


def test_a_diverged_point_is_named_and_the_others_are_kept() -> None:
    log = [*entries(3), {"loss": float("nan"), "step": 40}, {"loss": float("inf"), "step": 50}]
    found = read("x.json", state(log), facts={"keep": CURVES})
    first, second = found.sentences()
    assert first == "row 5: loss is 'nan'; write the finite final loss of the run, such as 2.91, or delete the row"
    assert second.startswith("row 6: loss is 'inf'; ")
    assert len(found.rows) == 3


def test_a_step_logged_twice_keeps_the_later_point_and_says_so() -> None:
    log = [{"loss": 3.0, "step": 10}, {"loss": 2.9, "step": 20}, {"loss": 2.8, "step": 20}]
    found = read("x.json", state(log), facts={"keep": CURVES})
    assert list(found.rows["loss"]) == [3.0, 2.8]
    assert "For 1 step a value was logged again later, and the later one is kept." in found.message


def test_a_log_without_a_loss_says_what_it_has() -> None:
    found = read("x.json", state([{"eval_accuracy": 0.5, "step": 10}]))
    assert found.blocking == (
        "the Hugging Face Trainer logged no loss here, only nothing; log the loss, or import another file"
    )


SCALARS = {"train/loss": (3.5, 3.25, 3.125), "val/loss": (3.6, 3.3, 3.2), "train/lr": (1e-3, 5e-4, 1e-4)}


def event_file(folder: Path) -> bytes:
    """An event file as tensorboardX writes it, with an image-like tag and scalars at steps 0, 100 and 200."""
    with SummaryWriter(str(folder)) as writer:
        for tag, values in SCALARS.items():
            for position, value in enumerate(values):
                writer.add_scalar(tag, value, position * 100)
        writer.add_scalar("train/accuracy", 0.5, 100)
        writer.add_text("config", "lr: 1", 0)
        writer.add_histogram("weights", [1.0, 2.0, 3.0], 100)
    (path,) = folder.iterdir()
    return path.read_bytes()


def records(tmp_path: Path, events: list[Event]) -> bytes:
    path = tmp_path / "events"
    writer = RecordWriter(str(path))
    for event in [Event(wall_time=1.0, file_version="brain.Event:2"), *events]:
        writer.write(event.SerializeToString())
    writer.close()
    return path.read_bytes()


def test_an_event_file_of_tensorboard_becomes_curves_and_a_run(tmp_path: Path) -> None:
    facts = {"n_params": "1B", "batch_tokens": "1M", "run_id": "tb"}
    found = read("events.out.tfevents.1", event_file(tmp_path), facts=facts)
    assert (found.blocking, found.sentences()) == ("", [])
    assert found.rows["loss"][0] == pytest.approx(3.2, rel=1e-7)
    assert (found.rows["loss_name"][0], found.rows["n_tokens"][0]) == ("val/loss", 200e6)
    for tag in ("train/loss", "val/loss"):
        curve = found.curves[found.curves["loss_name"] == tag]
        assert list(curve["step"]) == [0, 100, 200]
        assert list(curve["loss"]) == pytest.approx(list(SCALARS[tag]), rel=1e-7)
        assert list(curve["learning_rate"]) == pytest.approx(list(SCALARS["train/lr"]), rel=1e-6)


def tensors() -> dict[str, Event]:
    """A scalar as TensorFlow 2 writes it: a tensor of no dimensions, its number in a field or as bytes."""
    made = {}
    for name, dtype, fill in (
        ("float field", 1, lambda tensor: tensor.float_val.append(2.5)),
        ("double field", 2, lambda tensor: tensor.double_val.append(2.5)),
        ("float bytes", 1, lambda tensor: setattr(tensor, "tensor_content", struct.pack("<f", 2.5))),
        ("double bytes", 2, lambda tensor: setattr(tensor, "tensor_content", struct.pack("<d", 2.5))),
    ):
        event = Event(wall_time=1.0, step=7)
        value = event.summary.value.add(tag="loss")
        value.tensor.dtype = dtype
        fill(value.tensor)
        made[name] = event
    return made


@pytest.mark.parametrize("kind", tensors())
def test_a_scalar_written_as_a_tensor_is_read(kind: str, tmp_path: Path) -> None:
    found = read("x", records(tmp_path, [tensors()[kind]]), facts={"keep": CURVES})
    assert found.rows[["step", "loss"]].to_numpy().tolist() == [[7, 2.5]]


def test_an_event_file_that_names_its_writer_is_recognized(tmp_path: Path) -> None:
    writer = b"R.\n,tensorboard.summary.writer.event_file_writer"  # a field of the first record, as TensorBoard has it
    path = tmp_path / "events"
    out = RecordWriter(str(path))
    out.write(Event(wall_time=1.0, file_version="brain.Event:2").SerializeToString() + writer)
    out.write(tensors()["float field"].SerializeToString())
    out.close()
    assert len(read("x", path.read_bytes(), facts={"keep": CURVES}).rows) == 1


def test_an_event_file_that_was_cut_is_said_wherever_it_was_cut(tmp_path: Path) -> None:
    whole = event_file(tmp_path)
    for length in range(60, len(whole), 7):
        found = read("x", whole[:length])
        if found.kind == "unknown":
            assert "the file ends inside record" in found.blocking or "logged no loss here" in found.blocking
        else:  # cut exactly between two records
            assert read("x", whole[: length + 1]).kind == "unknown"


def test_a_flipped_bit_in_an_event_file_is_said(tmp_path: Path) -> None:
    whole = bytearray(event_file(tmp_path))
    for position in range(60, len(whole), 11):
        whole[position] ^= 4
        assert "is damaged (its checksum is wrong)" in read("x", bytes(whole)).blocking
        whole[position] ^= 4


def test_a_missing_library_is_named_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = event_file(tmp_path)
    monkeypatch.setitem(sys.modules, "tensorboardX.proto", None)
    assert "install it with `pip install tensorboardX`" in read("x", data).blocking


CHART = """"Step","calm-sun-1 - val/loss","calm-sun-1 - val/loss__MIN","calm-sun-1 - val/loss__MAX","b - c - val/loss",\
"b - c - val/loss__MIN","b - c - val/loss__MAX"
"0","4.5","4.4","4.6","","",""
"100","3.5","3.4","3.6","3.75","3.7","3.8"
"200","3.25","3.2","3.3","3.5","3.4","3.6"
"""


def test_the_export_of_a_wandb_chart_becomes_a_curve_per_run() -> None:
    found = read("wandb_export_2026.csv", CHART.encode())
    assert (found.kind, found.blocking, found.sentences()) == ("loss_curves", "", [])
    curves = {name: list(curve["loss"]) for name, curve in found.rows.groupby("curve_id")}
    assert curves == {"calm-sun-1": [4.5, 3.5, 3.25], "b - c": [3.75, 3.5]}
    assert list(found.rows["step"]) == [100, 200, 0, 100, 200]
    assert set(found.rows["loss_name"]) == {"val/loss"}


def test_the_chart_of_one_run_is_named_after_the_file() -> None:
    found = read("my run.csv", b"Step,train_loss,train_loss__MIN,train_loss__MAX\n1,2.5,2.4,2.6\n")
    assert found.rows[["curve_id", "step", "loss"]].to_numpy().tolist() == [["my run", 1, 2.5]]


def test_a_chart_over_epochs_takes_the_steps_that_are_exported_beside() -> None:
    head = "epoch,a - _step,a - _step__MIN,a - _step__MAX,a - train/loss,a - train/loss__MIN,a - train/loss__MAX"
    found = read("x.csv", f"{head}\n0.5,500,500,500,2.5,2.5,2.5\n1,1000,1000,1000,2.25,2.25,2.25\n".encode())
    assert found.rows[["step", "loss"]].to_numpy().tolist() == [[500, 2.5], [1000, 2.25]]
    without = read("x.csv", b"epoch,a - loss,a - loss__MIN,a - loss__MAX\n1,2.5,2.5,2.5\n")
    assert "the chart has epoch on its x axis and no steps of a; choose Step as its x axis" in without.blocking


def test_a_chart_of_something_else_is_said() -> None:
    found = read("x.csv", b"Step,a - val/acc,a - val/acc__MIN,a - val/acc__MAX\n1,0.5,0.5,0.5\n")
    assert found.blocking == "row 1: the chart shows val/acc, not a loss; export the chart of the loss"


def test_a_table_of_steps_and_losses_becomes_curves() -> None:
    found = read("run7.csv", b"step,train_loss,val_loss,lr\n1,3.5,,0.1\n2,3.25,3.3,0.05\n")
    assert found.blocking == ""
    assert found.rows[["curve_id", "step", "loss", "learning_rate"]].to_numpy().tolist() == [
        ["run7 train_loss", 1, 3.5, 0.1], ["run7 train_loss", 2, 3.25, 0.05], ["run7 val_loss", 2, 3.3, 0.05],
    ]  # fmt: skip
    named = read("x.csv", b"run,iteration,loss\na,1,3.5\na,2,3.25\nb,1,3.0\n")
    assert list(named.rows["curve_id"]) == ["a", "a", "b"]


def test_columns_that_no_curve_has_wait_for_the_users_word() -> None:
    data = b"step,loss,gpu_temperature\n1,3.5,60\n"
    found = read("x.csv", data)
    assert asked(found) == ["columns"]
    assert "a table of loss curves has no such columns: gpu_temperature" in found.blocking
    assert read("x.csv", data, facts={"columns": "ignore them"}).blocking == ""


def test_one_step_of_each_run_is_a_table_of_runs_and_no_curve() -> None:
    found = read("x.csv", b"run,step,loss,tokens\na,100,3.5,1e9\nb,100,3.25,2e9\n", {"step": ""}, {"n_params": "1B"})
    assert (found.kind, found.blocking) == ("runs", "")


def test_every_importer_is_in_the_registry_once() -> None:
    folder = Path(reader.__file__).parent
    modules = {
        path.stem
        for path in folder.glob("*.py")
        if "def recognizes(content: Content)" in path.read_text(encoding="utf-8")
    }
    assert sorted(modules) == sorted(importer.__name__.rpartition(".")[2] for importer in reader.IMPORTERS)


def test_a_perplexity_in_a_chart_is_asked_about_and_converted() -> None:
    data = b"Step,a - val/perplexity,a - val/perplexity__MIN,a - val/perplexity__MAX\n1,20.0855,20,21\n"
    assert asked(read("x.csv", data)) == ["loss_unit"]
    settled = read("x.csv", data, facts={"loss_unit": "perplexity"})
    assert settled.rows["loss"][0] == pytest.approx(3.0, abs=1e-5)


def test_a_log_with_a_perplexity_beside_its_loss_keeps_the_loss(tmp_path: Path) -> None:
    log = [{"eval_loss": 3.0, "eval_perplexity": 20.1, "step": 10}]
    found = read("x.json", state(log), facts={"keep": CURVES})
    assert (found.blocking, list(found.rows["loss_name"])) == ("", ["eval_loss"])


def test_columns_of_curves_keep_the_types_of_the_table(tmp_path: Path) -> None:
    found = read("x.csv", b"step,loss\n1,3.5\n")
    assert found.rows.dtypes["step"] == "int64"
    assert all(pd.api.types.is_float_dtype(found.rows[name]) for name in ("n_params", "n_tokens", "learning_rate"))
