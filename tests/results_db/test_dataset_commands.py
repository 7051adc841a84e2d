"""The command line for a user's own datasets: what a script on a machine without a browser can do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from results_db import Store
from results_db.dataset_commands import ACTIONS

RUNS = "run_id,n_tokens,loss\na,2e10,2.9\nb,4e10,2.8\n"


@pytest.fixture
def dataset(empty_store: Store, tmp_path: Path, command: Callable) -> str:
    """The key of a dataset called sweep, imported from a file that does not say the size of the models."""
    empty_store.close()
    path = tmp_path / "sweep.csv"
    path.write_text(RUNS)
    assert command("import", path).code == 1
    answer = command("import", path, "--set", "n_params=1.3B", "--json")
    assert (answer.code, answer.json["added"]) == (0, 2)
    return answer.json["dataset_id"]


def test_what_a_file_does_not_say_is_said_by_an_option(command: Callable, empty_store: Store, tmp_path: Path) -> None:
    empty_store.close()
    path = tmp_path / "x.csv"
    path.write_text(RUNS)
    asked = command("import", path, "--dry-run", "--json")
    questions = {question["name"]: question for question in asked.json["questions"]}
    assert questions["n_params"]["required"]
    assert questions["n_params"]["answer"] == ""
    assert "--set answers questions" in asked.err
    wrong = command("import", path, "--set", "n_params=many")
    assert (wrong.code, "write a count such as 2e10" in wrong.err) == (1, True)
    for bad, said in (
        ("n_params", "--set is 'n_params'; write FACT=VALUE"),
        ("width=2", "unknown fact about this file"),
    ):
        answer = command("import", path, "--set", bad)
        assert (answer.code, said in answer.err) == (2, True), answer.err


def test_a_dataset_is_listed_renamed_and_corrected_with_its_history(command: Callable, dataset: str) -> None:
    assert command("datasets").out.splitlines()[1].startswith(f"{dataset},sweep,sweep.csv,")
    assert command("datasets", "rename", "sweep", "first sweep").out == "first sweep\n"
    assert command("datasets", "edit", dataset, "b", "loss", "2.75").out == "1 cell changed\n"
    (renamed, corrected) = command("datasets", "--json", "history", "first sweep").json
    assert (renamed["old_value"], renamed["new_value"]) == ("sweep", "first sweep")
    assert (corrected["row_key"], corrected["old_value"], corrected["new_value"]) == ("b", "2.8", "2.75")
    undone = command("datasets", "undo", dataset)
    assert (undone.code, "cannot be undone: the dataset was changed since" in undone.err) == (2, True)


def test_a_dataset_is_deleted_and_brought_back(command: Callable, dataset: str) -> None:
    assert command("datasets", "delete", "sweep").out == "2 rows put aside; `undelete` brings them back\n"
    assert command("datasets", "--json").json == []
    (gone,) = command("datasets", "--deleted", "--json").json
    assert [gone] == command("datasets", "--json", "list", "--deleted").json
    assert (gone["dataset_id"], gone["name"]) == (dataset, "sweep")
    assert command("datasets", "undelete", "sweep").out == "2 rows are back\n"
    assert command("datasets", "delete", "sweep").code == 0
    answer = command("datasets", "purge", "sweep")
    assert answer.err == ""
    assert answer.out == "2 rows deleted for good\n"
    answer = command("datasets", "undelete", "sweep")
    assert (answer.code, answer.err) == (2, "unknown deleted dataset 'sweep'; known: none\n")


def test_an_import_is_undone(command: Callable, dataset: str) -> None:
    assert command("datasets", "undo", "sweep").out == "2 rows taken back\n"
    assert command("datasets", "--json").json == []
    assert command("datasets", "--deleted", "--json").json == []


def test_a_shared_dataset_goes_through_a_pipe(command: Callable, dataset: str, tmp_path: Path) -> None:
    shared = command("datasets", "share", "sweep").data
    other = tmp_path / "other.duckdb"
    Store.create(other, shipped=False).close()
    answer = command("--db", other, "import", "-", "--json", stdin=shared)
    assert (answer.code, answer.json["dataset_id"], answer.json["added"]) == (0, dataset, 2)
    assert json.loads(command("--db", other, "datasets", "--json").data)[0]["file_name"] == "sweep.csv"


@pytest.mark.parametrize("action", [name for name, (arguments, _) in ACTIONS.items() if arguments])
def test_an_unknown_dataset_names_those_that_are_there(action: str, command: Callable, dataset: str) -> None:
    arguments = {"dataset": "sweeq", "name": "x", "run_id": "a", "column": "loss", "value": "2"}
    answer = command("datasets", action, *(arguments[name] for name in ACTIONS[action][0]))
    assert answer.code == 2
    assert "did you mean sweep?" in answer.err or "known: none" in answer.err
