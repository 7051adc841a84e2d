"""Corrections of users' own datasets: another name, another value in a cell; the old value stays in the history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import duckdb

from results_db.errors import unknown
from results_db.history import remember
from results_db.importers.format_names import named
from results_db.importers.problems import dataset_name
from results_db.importers.run_rules import REQUIRED, RULES, is_missing
from results_db.writing import free_name, require_dataset

# What may be corrected: not the name by which a run is known, nor where it stood in the file.
EDITABLE = tuple(column for column in RULES if column not in ("run_id", "locator"))
NEVER_EMPTY = ("outlier", *REQUIRED)


class Change(NamedTuple):
    """A cell of an uploaded run and the text that it is to hold; "" empties it."""

    run_id: str
    column: str
    text: str


def rename(cursor: duckdb.DuckDBPyConnection, dataset: str, name: str) -> str:
    """The name that the dataset has now: the one given, with a number where another dataset has it."""
    old = require_dataset(cursor, dataset)
    others = {name for (name,) in cursor.execute("SELECT name FROM datasets WHERE name <> ?", [old]).fetchall()}
    new = free_name(dataset_name(name), others)
    if new != old:
        cursor.execute("UPDATE datasets SET name = ? WHERE dataset_id = ?", [new, dataset])
        remember(cursor, dataset, "rename", "name", old, new)
    return new


def edit(cursor: duckdb.DuckDBPyConnection, dataset: str, changes: Iterable[tuple[str, str, str]]) -> int:
    """How many cells of the dataset's runs were changed; ValueError names the first change that cannot be."""
    require_dataset(cursor, dataset)
    return sum(_edit_one(cursor, dataset, Change(*change)) for change in changes)


def _edit_one(cursor: duckdb.DuckDBPyConnection, dataset: str, change: Change) -> bool:
    run_id, column = change.run_id, change.column
    if column not in EDITABLE:
        raise ValueError(unknown("column to edit", column, EDITABLE))
    where = "WHERE dataset_id = ? AND run_id = ?"
    found = cursor.execute(f"SELECT {column} FROM runs {where}", [dataset, run_id]).fetchall()
    if not found:
        runs = cursor.execute(
            "SELECT run_id FROM runs WHERE dataset_id = ? ORDER BY rowid LIMIT 1000", [dataset]
        ).fetchall()
        raise ValueError(unknown("run of this dataset", run_id, [name for (name,) in runs]))
    (old,) = found[0]
    new = _value(change)
    if new == old:
        return False
    cursor.execute(f"UPDATE runs SET {column} = ? {where}", [new, dataset, run_id])
    remember(cursor, dataset, "edit", column, as_text(old), as_text(new), run_id)
    return True


def _value(change: Change) -> Any:
    """The value of a changed cell; ValueError says what to write instead."""
    run_id, column, text = change
    said = f"run {run_id!r}: {column} is {text!r}; "
    if is_missing(text):
        if column in NEVER_EMPTY:
            raise ValueError(f"{said}it cannot be empty")
        return None
    choices = named(text).choices if column.endswith("_format") else ()
    if choices:
        raise ValueError(f"{said}write which is meant: {', '.join(choices)}")
    try:
        return RULES[column](text, 1.0)
    except ValueError as advice:
        raise ValueError(f"{said}{advice}") from None


def as_text(value: Any) -> str | None:
    """A value as text that the rule of its column reads back; None for none."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)
