"""What a shared dataset says about itself besides its rows, checked like everything that a file says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from results_db.importers.problems import Unreadable, dataset_name, shown
from results_db.importers.run_rules import RULES
from results_db.schema_history import ACTIONS

FORMAT, VERSION = "precision_atlas_dataset", 1
CHANGED = "it was changed after it was shared; ask for the file again"
LONGEST_TEXT = 100_000
_TEXTS = ("name", "file_name", "sha256", "kind", "imported_at")
_CHANGE = ("changed_at", "action", "row_key", "column_name", "old_value", "new_value")


@dataclass(frozen=True)
class Shared:
    """The provenance of a shared dataset: its name, the file it was first imported from, when [UTC], what was
    answered then, and what was changed since (history's columns). `originals` are its rows before these changes."""

    name: str
    file_name: str
    sha256: str
    imported_at: datetime
    answers: str
    history: pd.DataFrame
    originals: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Head:
    """The first line of the file: provenance, kind, bytes of each table, and the SHA-256 of them all."""

    shared: Shared
    kind: str
    sizes: Mapping[str, int]
    sha256: str


def read_head(line: bytes) -> Head:
    """The first line of a shared dataset; Unreadable when it is not as it was written."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise Unreadable(f"the first line of the shared dataset is no JSON ({shown(problem)}); {CHANGED}", 1) from None
    if found[FORMAT] != VERSION:
        raise Unreadable(
            f"the shared dataset has format {shown(found[FORMAT])}, this program reads format {VERSION}; update it", 1
        )
    about, sizes, digest = found.get("dataset"), found.get("tables"), found.get("sha256")
    if not isinstance(about, dict) or not all(_is_text(about.get(name)) for name in _TEXTS):
        raise Unreadable(f"the first line of the shared dataset does not say what it is; {CHANGED}", 1)
    whole = isinstance(sizes, dict) and all(type(size) is int and size >= 0 for size in sizes.values())
    if not whole or not _is_text(digest) or not re.fullmatch("[0-9a-f]{64}", about["sha256"]):
        raise Unreadable(f"the first line of the shared dataset does not describe its tables; {CHANGED}", 1)
    answers = about.get("answers")
    shared = Shared(
        dataset_name(about["name"]), shown(about["file_name"]), about["sha256"], _time(about["imported_at"]),
        answers if _is_text(answers) else "", _history(found.get("history")),
    )  # fmt: skip
    return Head(shared, about["kind"], sizes, digest)


def before(runs: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """The runs as they were imported: every edit taken back, the last one first."""
    runs = runs.copy()
    for change in reversed(history[history["action"] == "edit"].to_dict("records")):
        column, old = change["column_name"], change["old_value"]
        places = runs.index[runs["run_id"] == change["row_key"]]
        if column not in RULES or len(places) != 1:
            raise Unreadable(f"the history of the shared dataset names a cell that it does not have; {CHANGED}", 1)
        try:
            runs.loc[places[0], column] = None if old is None else RULES[column](old, 1.0)
        except ValueError as advice:
            raise Unreadable(f"the history of the shared dataset holds {shown(old)}: {advice}; {CHANGED}", 1) from None
    return runs


def _history(entries: object) -> pd.DataFrame:
    rows = []
    for entry in entries if isinstance(entries, list) else [None]:
        values = {name: entry.get(name) for name in _CHANGE} if isinstance(entry, dict) else {}
        texts = all(value is None or _is_text(value) for value in values.values())
        if not values or not texts or values["action"] not in ACTIONS:
            raise Unreadable(f"the history of the shared dataset is none; {CHANGED}", 1)
        rows.append(values | {"changed_at": _time(values["changed_at"])})
    return pd.DataFrame(rows, columns=list(_CHANGE), dtype=object)


def _is_text(value: object) -> bool:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        return False
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _time(text: Any) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None, microsecond=0)
    except (TypeError, ValueError):
        raise Unreadable(f"the shared dataset says {shown(text)} where a time belongs; {CHANGED}", 1) from None
