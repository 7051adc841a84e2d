"""The formats page in a real browser: from a format to the planner in one click, and a checkpoint dropped on it."""

from __future__ import annotations

import re

import safetensors.torch
import torch


def test_a_format_goes_to_the_planner_in_one_click_and_its_address_can_be_shared(visit):
    visitor = visit()
    visitor.open("formats?formats.tab=For+training&formats.chosen=mxfp4")
    visitor.page.get_by_role("link", name="Use it in the planner").click()
    estimated = visitor.page.get_by_text(re.compile("Estimated, not fitted:"))
    estimated.wait_for(timeout=120_000)
    assert "planner.estimate=mxfp4%3Anearest%3Astochastic" in visitor.page.url
    visitor.page.reload()  # the address alone brings it back, in a session that knows nothing
    estimated.wait_for(timeout=120_000)
    visitor.page.get_by_role("button", name="Back to fitted factors").click()
    estimated.wait_for(state="detached", timeout=60_000)
    assert visitor.complaints == []


def test_a_checkpoint_dropped_on_the_page_is_judged_tensor_by_tensor(visit, tmp_path):
    weights = {f"layers.{i}.w": torch.randn(64, 128, generator=torch.Generator().manual_seed(i)) for i in range(3)}
    safetensors.torch.save_file(weights, tmp_path / "model.safetensors")
    visitor = visit()
    visitor.open("formats?formats.tab=A+checkpoint&formats.chosen=mxfp4")
    visitor.page.locator('input[type="file"]').first.set_input_files(tmp_path / "model.safetensors")
    visitor.page.get_by_text("model.safetensors: 3 tensors").wait_for(timeout=60_000)
    visitor.page.get_by_text(re.compile("keeps the most over all layers")).first.wait_for(timeout=120_000)
    visitor.settle()
    assert visitor.complaints == []
