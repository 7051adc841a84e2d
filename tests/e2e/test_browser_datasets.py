"""A person brings the log of a training run, says what it does not, and keeps the dataset in order."""

from __future__ import annotations

import json
import re
from pathlib import Path

MINE = re.compile(r"My datasets \(\d+\)")  # other tests bring datasets to the same store
LOG = {
    "log_history": [
        entry
        for step in range(100, 2100, 100)
        for entry in ({"loss": 3 + 200 / step, "step": step}, {"eval_loss": 3.1 + 200 / step, "step": step})
    ],
    "num_input_tokens_seen": 0,
    "global_step": 2000,
}


def test_a_trainer_state_is_completed_imported_shared_and_deleted(visit, tmp_path: Path) -> None:
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps(LOG), encoding="utf-8")
    visitor = visit()
    page = visitor.page
    visitor.open("results")
    page.locator('input[type="file"]').first.set_input_files(path)
    page.get_by_label("How many parameters N has the model").fill("124M")
    page.keyboard.press("Enter")
    visitor.settle()
    page.get_by_label("How many tokens D was the model trained on").fill("2.5B")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Import 1 training run").click()
    page.get_by_text("1 training run with 40 points of loss curves imported.").wait_for()
    visitor.settle()
    page.get_by_text(MINE).click()
    page.get_by_role("tab", name="Loss curves").click()
    page.get_by_text("trainer_state eval_loss (20)").wait_for()
    visitor.picture("own_dataset")
    with page.expect_download() as download:
        page.get_by_role("button", name="Share as one file").click()
    head, _, rows = Path(download.value.path()).read_text(encoding="utf-8").partition("\n")
    assert json.loads(head)["dataset"]["file_name"] == "trainer_state.json"
    assert rows.startswith("run_id,n_params,n_tokens,loss")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete this dataset").click()
    page.get_by_text("trainer_state: 1 training run, deleted").wait_for()
    page.get_by_role("button", name="Restore").click()
    page.get_by_text(MINE).wait_for()
    assert visitor.complaints == []
    assert visitor.strangers == []
