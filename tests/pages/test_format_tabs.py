"""The tabs of the formats page: splits, integers with floats, other tensors, checkpoints, the way to the planner."""

import json
import time
from inspect import signature
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch
from streamlit.testing.v1 import AppTest

from analysis.commands.checkpoints import open_checkpoint
from analysis.formats import FORMATS, trial
from analysis.formats.distributions import DISTRIBUTIONS
from analysis.plans.efficiency import estimated_pair, fitted_relations
from pages.ui.estimates import PARAMETER, Scheme, scheme_of
from pages.ui.format_checkpoints import FOLDER, offered

ROOT = Path(__file__).parents[2]
LIMIT_S = 240


def at_once(name, title, function, *arguments):
    """As working.computed, in this process, which has torch already; the browser's tests have the real one."""
    progress = {"on_progress": lambda words, share: None} if "on_progress" in signature(function).parameters else {}
    return function(*arguments, **progress)


@pytest.fixture
def opened(tmp_path, monkeypatch):
    monkeypatch.setenv("PRECISION_ATLAS_DB", str(tmp_path / "store.duckdb"))
    for module in ("format_splits", "format_checkpoints"):
        monkeypatch.setattr(f"pages.ui.{module}.computed", at_once)

    def open_page(page, **address):
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=LIMIT_S).switch_page(f"pages/{page}.py")
        for name, value in address.items():
            at.query_params[name.replace("__", ".")] = value
        return settled(at.run())

    return open_page


def settled(at):
    """The page, run again until no computation of it is in progress."""
    deadline = time.monotonic() + LIMIT_S
    while any(button.label == "Cancel" for button in at.button):
        assert time.monotonic() < deadline, "the page's computations did not end"
        time.sleep(0.2)
        at.run()
    assert not at.exception
    return at


def table(at, *columns):
    return next(one.value for one in at.dataframe if set(columns) <= set(one.value.columns))


def said(at):
    kinds = (at.markdown, at.caption, at.success, at.info, at.warning)
    return [element.value.replace("\\", "") for kind in kinds for element in kind]


@pytest.mark.row("R11")
def test_the_splits_tab_names_a_winner_at_every_width(opened):
    at = opened("formats", formats__tab="Exponent splits", formats__distribution="Uniform")
    found = table(at, "bits", "float", "winner")
    assert list(found["bits"]) == [3, 4, 5, 6, 7, 8]
    assert not found["float"].str.endswith("sat").any()
    assert any("the first 65,536 of them" in text for text in said(at))
    card = table(at, "printed", "implied").set_index("claim_id")
    printed = [card.loc[f"llm_fp4_2023-0{n}", ["printed", "implied"]].tolist() for n in (1, 2, 3)]
    assert printed == [["63.1 points", ""], ["-5.8 points", "68.9 points"], ["12.7 points", "50.4 points"]]


@pytest.mark.row("R12")
def test_an_integer_wins_on_a_uniform_tensor_and_the_cost_overlay_says_its_source(opened):
    address = {"formats__tab": "Integer or float", "formats__distribution": "Uniform", "formats__cost": "true"}
    at = opened("formats", **address)
    assert list(table(at, "winner", "ahead_db")["winner"]) == [f"int{bits}" for bits in range(3, 9)]
    assert any("1.5 to 2.8 times what INT8 does (claim fp8_vs_int8_2023-01" in text for text in said(at))


def test_other_tensors_are_every_distribution_and_this_one(opened):
    at = opened("formats", formats__tab="Other tensors")
    assert len(at.get("plotly_chart")) == 2
    assert any("64 × 1024 values of each distribution" in text for text in said(at))
    assert len(DISTRIBUTIONS) == 6


def test_estimates_are_those_of_the_relation_and_link_to_the_planner(opened):
    at = opened("formats", formats__tab="For training", formats__chosen=["mxfp4", "nvfp4"])
    rows = pd.read_csv(ROOT / "results_db" / "data" / "efficiency_relation.csv")
    forward, backward = estimated_pair(fitted_relations(rows), "mxfp4")
    found = table(at, "eff_n", "eff_d").set_index("format")
    assert found.loc["mxfp4", "eff_n"] == f"{forward.value:.2f} [{forward.low:.2f}, {forward.high:.2f}]"
    assert found.loc["mxfp4", "eff_d"] == f"{backward.value:.2f} [{backward.low:.2f}, {backward.high:.2f}]"
    assert any(
        "Leave-one-out error 0.021 and 0.025; with a whole source left out 0.034 and 0.052" in t for t in said(at)
    )
    (link,) = at.get("page_link")
    assert link.proto.page == "planner"
    assert parse_qs(link.proto.query_string) == {PARAMETER: [Scheme("nvfp4").text]}


def test_the_planner_plans_with_an_estimate_says_so_goes_back_and_goes_on_without_a_bad_one(opened):
    plain = opened("planner", **{PARAMETER: "fp9:nearest:nearest"})
    assert any("The estimate in the address is not used: unknown format 'fp9'" in text for text in said(plain))
    at = opened("planner", **{PARAMETER: "mxfp4:nearest:stochastic"})
    assert any("Estimated, not fitted:" in text and "mxfp4 counts parameters 0.6" in text for text in said(at))
    assert any("are estimated from its error" in text for text in said(at))
    before, after = (table(one, "scheme", "parameters", "loss").set_index("scheme") for one in (plain, at))
    assert before.loc["fp8:fp8", "loss"] == after.loc["fp8:fp8", "loss"]
    assert before.loc["fp4:fp4", "loss"] != after.loc["fp4:fp4", "loss"]
    at.button(key="planner.drop_estimate").click().run()
    settled(at)
    assert not any("Estimated, not fitted" in text for text in said(at))
    pd.testing.assert_frame_equal(table(at, "scheme", "parameters", "loss").set_index("scheme"), before)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mxfp4", "is no estimated scheme; write format:rounding:rounding of gradients"),
        ("fp9:nearest:nearest", "unknown format 'fp9'"),
        ("e8m0:nearest:nearest", "e8m0 is a scale format"),
        ("mxfp4:up:down", "is no estimated scheme"),
    ],
)
def test_an_address_that_is_no_scheme_is_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        scheme_of(text)


@pytest.fixture
def checkpoint():
    rng = torch.Generator().manual_seed(0)
    return {
        "layers.2.w": torch.randn(32, 64, generator=rng).bfloat16(),
        "layers.10.w": torch.randn(16, 64, generator=rng),
        "norm": torch.ones(64),
    }


@pytest.fixture
def folder(tmp_path, monkeypatch, checkpoint):
    place = tmp_path / "models" / "small"
    place.mkdir(parents=True)
    safetensors.torch.save_file(checkpoint, place / "model-00001-of-00001.safetensors")
    names = dict.fromkeys(checkpoint, "model-00001-of-00001.safetensors")
    (place / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    safetensors.torch.save_file(checkpoint, tmp_path / "models" / "alone.safetensors")
    safetensors.torch.save_file(checkpoint, tmp_path / "secret.safetensors")
    monkeypatch.setenv(FOLDER, str(tmp_path / "models"))
    return tmp_path / "models"


def test_a_checkpoint_of_the_operators_folder_is_judged_and_a_path_in_the_address_reaches_no_file(
    opened, folder, checkpoint
):
    address = {"formats__checkpoint": "../secret.safetensors", "formats__chosen": ["mxfp4", "nvfp4"]}
    at = opened("formats", formats__tab="A checkpoint", **address)
    assert at.selectbox(key="formats.checkpoint").value == "small/model.safetensors.index.json"
    found = table(at, "tensor", "format", "wins")
    assert list(dict.fromkeys(found["tensor"])) == ["layers.2.w", "layers.10.w"]
    row = found[(found["tensor"] == "layers.10.w") & (found["format"] == "nvfp4")].iloc[0]
    assert row["sqnr_db"] == pytest.approx(trial(FORMATS["nvfp4"], checkpoint["layers.10.w"]).errors.sqnr_db)
    assert any("Left out, 1: has one axis or none" in text for text in said(at))


def test_only_what_lies_in_the_folder_is_offered(folder):
    assert offered(folder) == ["small/model.safetensors.index.json", "alone.safetensors"]
    assert open_checkpoint(folder / offered(folder)[0]).keys() == open_checkpoint(folder / offered(folder)[1]).keys()


def test_without_a_folder_a_checkpoint_is_uploaded(opened, checkpoint, monkeypatch):
    monkeypatch.delenv(FOLDER, raising=False)
    at = opened("formats", formats__tab="A checkpoint", formats__chosen=["mxfp4"])
    assert any(f"name their folder in {FOLDER}" in text for text in said(at))
    data = safetensors.torch.save(checkpoint)
    at.file_uploader(key="formats.checkpoint_file").set_value(("own.safetensors", data, "application/octet-stream"))
    settled(at.run())
    assert list(table(at, "tensor", "format", "wins")["tensor"]) == ["layers.2.w", "layers.10.w"]
    at.file_uploader(key="formats.checkpoint_file").set_value(
        ("cut.safetensors", data[:-4], "application/octet-stream")
    )
    settled(at.run())
    assert "not a readable safetensors file" in at.error[0].value.replace("\\", "")


def test_values_that_are_not_finite_are_said_by_tensor(opened, tmp_path, monkeypatch):
    bad = np.ones((4, 32), np.float32)
    bad[1, 1] = np.nan
    (tmp_path / "bad").mkdir()
    safetensors.torch.save_file({"w": torch.from_numpy(bad)}, tmp_path / "bad" / "bad.safetensors")
    monkeypatch.setenv(FOLDER, str(tmp_path / "bad"))
    at = opened("formats", formats__tab="A checkpoint")
    assert any("it holds values that are not finite in rows 0 to 3" in text.replace("\\", "") for text in said(at))
    assert any("No tensor of this checkpoint could be judged" in text for text in said(at))
