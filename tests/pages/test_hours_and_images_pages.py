"""The planner's tabs on equal hours and on image networks: their answers by default and on one's own points."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from laws_page import arrive, said, table, titles

from pages.ui.hours_methods import read_points


def own_points() -> bytes:
    """Points of two power laws that meet at 50,000 hours, as a CSV file."""
    lines = ["method,tokens_per_s,hours,loss"]
    for name, rate, alpha in (("GPT", "120k", 0.05), ("LSTM", "1.2M", 0.065)):
        lines += [f"{name},{rate},{hours},{2 * (hours / 5e4) ** -alpha:.6f}" for hours in (6, 12, 24, 48, 96)]
    return "\n".join(lines).encode()


@pytest.mark.row("R67")
def test_equal_hours_compare_formats_on_a_named_device_and_methods_by_their_points(own_store_path, shipped_file):
    shutil.copyfile(shipped_file, own_store_path)
    at = arrive("Equal hours", "planner")
    assert not at.exception
    assert "In **10,000 hours of B200 SXM**, 7B parameters reach the lowest loss in **" in at.success[0].value
    rates = table(at, "behind")
    np.testing.assert_allclose(rates["n_tokens"] / rates["tokens_per_s"], 3.6e7)
    by_name = rates.set_index("scheme")["ratio"]
    assert by_name["fp8:fp8"] == pytest.approx(2 * by_name["bf16:bf16"])
    assert "10 times the throughput meets a GPT near 50,000 hours" in said(at)
    at.file_uploader(key="planner.hours.own").set_value(("own.csv", own_points(), "text/csv")).run()
    assert not at.exception
    assert any("GPT and LSTM meet at 50" in title.replace("<br>", " ") for title in titles(at)), titles(at)
    seen = table(at, "alpha").set_index("method")
    assert seen.loc["LSTM", "tokens"] == pytest.approx(10 * seen.loc["GPT", "tokens"])


@pytest.mark.row("R66", "R64")
def test_image_networks_grow_by_strategy_and_pictures_are_cut_into_patches(own_store_path, shipped_file):
    shutil.copyfile(shipped_file, own_store_path)
    at = arrive("Image networks", "planner")
    assert not at.exception
    assert "take **2x** the activations when only the width grows" in at.info[0].value
    strategies = table(at, "expected").set_index("strategy")
    assert strategies.loc["width", "expected"] == 2
    assert strategies.loc["resolution", "expected"] == 4
    assert table(at, "network").set_index("network").loc["TinyNet-E", "flops"] == pytest.approx(24, abs=0.5)
    assert "TinyNet-E reaches 59.9% on ImageNet" in said(at)
    assert "**50,176 tokens**" in said(at)
    at.selectbox(key="planner.images.base").set_value("ResNet-50").run()
    assert not at.exception
    assert "4.09B multiply-adds, 25.6M parameters" in said(at)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"method,hours,loss\nGPT,1,3\n", "lacks tokens_per_s"),
        (b"method,tokens_per_s,hours,loss\nGPT,fast,1,3\n", "row 2: tokens_per_s is 'fast'; write a number above 0"),
        (b"method,tokens_per_s,hours,loss\nGPT,1k,1,3\nGPT,1k,0,3\n", "row 3: hours is '0'"),
        (b"method,tokens_per_s,hours,loss\n", "0 rows"),
    ],
)
def test_points_that_cannot_be_read_are_told_by_row_and_column(content, message):
    with pytest.raises(ValueError, match=message):
        read_points(content)


@pytest.mark.parametrize("tab", ["Test time", "Equal hours", "Image networks", "Any law"])
def test_an_empty_store_leaves_a_sentence_or_what_needs_none(tab, own_store_path, empty_file):
    shutil.copyfile(empty_file, own_store_path)
    at = arrive(tab, "planner")
    assert not at.exception
    assert any(word in said(at) for word in ("The store holds no", "values typed above")), said(at)
