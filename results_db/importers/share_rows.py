"""The tables of a shared dataset as frames: every cell by the rule of its column, as when it was first imported."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from results_db.importers import curves, probe_rows, quality_rows, run_rows
from results_db.importers.aliases import Match
from results_db.importers.curves import Point
from results_db.importers.problems import Problem, shown
from results_db.importers.run_rules import REQUIRED, RULES, loss
from results_db.importers.table import Records

Read = tuple[pd.DataFrame, list[Problem]]


def runs(records: Records) -> Read:
    """The rows of `runs`."""
    mapping = {name: Match(name, name if name in RULES else "", 1.0, "same name") for name in records.header}
    rows, problems = run_rows.read_rows(records, mapping)
    return rows, _strange(records, RULES, ("run_id", *REQUIRED)) + problems


def loss_curves(records: Records) -> Read:
    """The rows of `loss_curves`."""
    points = [
        Point(dict(zip(records.header, cells, strict=True)), number, f"row {number}")
        for number, cells in records.rows()
    ]
    problems = _strange(records, (*curves.RULES, "loss"), ("curve_id", "step", "loss"))
    if problems:
        return pd.DataFrame(), problems
    rows, wrong, repeated = curves.read_points(points, loss)
    return rows, wrong + ([Problem(None, "", "", f"{repeated} points stand there twice")] if repeated else [])


def quality(records: Records) -> Read:
    """The rows of `quality`."""
    problems = _strange(records, quality_rows.RULES, quality_rows.REQUIRED)
    rows = []
    for number, cells in records.rows():
        values, wrong = quality_rows.checked(number, dict(zip(records.header, cells, strict=True)))
        problems += wrong
        rows.append(values)
    return quality_rows.as_frame(rows), problems


def probe_results(records: Records) -> Read:
    """The rows of `probe_results`, each a JSON object with the key it has wherever it comes from."""
    rows, problems = [], _strange(records, ("row",), ("row",))
    for number, (text, *_) in records.rows():
        try:
            record = json.loads(text)
            rows.append(_probe_row(record))
        except (ValueError, TypeError, AttributeError, RecursionError) as problem:
            problems.append(Problem(number, "row", shown(text), f"this is no row of a probe ({shown(problem)})"))
    return probe_rows.as_frame(rows), problems


def _probe_row(record: dict[str, Any]) -> dict[str, Any]:
    versions = record.get("versions")
    said = record | {"versions": json.loads(versions) if versions else None}
    values = {column: rule(said.get(column)) for column, rule in probe_rows.FIELDS.items()}
    if not re.fullmatch("[0-9a-f]{24}", record["result_id"]):
        raise ValueError("its result_id is none")
    extra = record.get("extra")
    if extra is not None and not isinstance(json.loads(extra), dict):
        raise ValueError("its extra fields are none")
    return values | {"result_id": record["result_id"], "extra": extra}


# Table -> its rows from their texts.
READERS: dict[str, Callable[[Records], Read]] = {
    "runs": runs,
    "loss_curves": loss_curves,
    "quality": quality,
    "probe_results": probe_results,
}


def _strange(records: Records, known: Iterable[str], needed: Iterable[str]) -> list[Problem]:
    known = list(known)
    strange = [
        Problem(1, shown(name), "", "this column is not known; update the program")
        for name in records.header
        if name not in known
    ]
    return strange + [Problem(1, name, "", "the column is missing") for name in needed if name not in records.header]
