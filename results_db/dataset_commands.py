"""What `python -m results_db datasets` does: list, rename, correct, share, delete, restore a user's own datasets."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

import pandas as pd

from results_db.errors import unknown
from results_db.formulas import safe_cells
from results_db.store import Store

# Action -> (arguments, what it does).
ACTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "list": ((), "every dataset, the newest first; with --deleted those that can be restored"),
    "history": (("dataset",), "what was changed in a dataset, with old and new values"),
    "rename": (("dataset", "name"), "give a dataset another name"),
    "edit": (("dataset", "run_id", "column", "value"), "correct one cell of a run; an empty value empties it"),
    "undo": (("dataset",), "take back an import that was not changed since"),
    "share": (("dataset",), "write a dataset with its provenance and history to stdout, for another store"),
    "delete": (("dataset",), "put a dataset aside"),
    "undelete": (("dataset",), "bring a deleted dataset back"),
    "purge": (("dataset",), "delete a deleted dataset for good"),
}


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the actions to the parser of the verb `datasets`; without one it lists."""
    parser.add_argument("--deleted", action="store_true", help="list what was deleted and can be restored")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    for name, (arguments, about) in ACTIONS.items():
        made = actions.add_parser(name, help=about, description=about)
        if name == "list":
            made.add_argument("--deleted", action="store_true", default=argparse.SUPPRESS, help="those instead")
        for argument in arguments:
            made.add_argument(argument, metavar=argument.upper())


def datasets(asked: argparse.Namespace) -> int:
    """Does one action; DATASET is a dataset_id or a name."""
    action = asked.action or "list"
    with Store.open(asked.db) as store:
        if action == "list":
            return _table(store.deleted() if asked.deleted else store.datasets(), asked.json)
        dataset = _key(store, asked.dataset, gone=action in ("undelete", "purge"))
        if action == "history":
            return _table(store.history(dataset), asked.json)
        if action == "share":
            sys.stdout.buffer.write(store.share(dataset))
            sys.stdout.buffer.flush()
            return 0
        done = _CHANGES[action](store, dataset, asked)
    print(json.dumps({"dataset_id": dataset, "done": done}, ensure_ascii=False) if asked.json else done, flush=True)
    return 0


_CHANGES: dict[str, Callable[[Store, str, argparse.Namespace], str]] = {
    "rename": lambda store, dataset, asked: store.rename(dataset, asked.name),
    "edit": lambda store, dataset, asked: (
        "1 cell changed" if store.edit(dataset, [(asked.run_id, asked.column, asked.value)]) else "nothing to change"
    ),
    "undo": lambda store, dataset, asked: f"{store.undo(dataset)} rows taken back",
    "delete": lambda store, dataset, asked: f"{store.delete(dataset)} rows put aside; `undelete` brings them back",
    "undelete": lambda store, dataset, asked: f"{store.restore(dataset)} rows are back",
    "purge": lambda store, dataset, asked: f"{store.purge(dataset)} rows deleted for good",
}


def _key(store: Store, word: str, gone: bool) -> str:
    """The dataset_id of a dataset that is named by its key or its name; ValueError names those that exist."""
    known = store.deleted() if gone else store.datasets()
    for column in ("dataset_id", "name"):
        found = known.loc[known[column] == word, "dataset_id"]
        if len(found):
            return str(found.iloc[0])
    raise ValueError(unknown("deleted dataset" if gone else "dataset", word, list(known["name"])))


def _table(frame: pd.DataFrame, as_json: bool) -> int:
    if as_json:
        print(json.dumps(json.loads(str(frame.to_json(orient="records", date_format="iso"))), indent=2), flush=True)
    else:
        print(safe_cells(frame).to_csv(index=False, lineterminator="\n"), end="", flush=True)
    return 0
