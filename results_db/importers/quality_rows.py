"""What each column of an uploaded row of `quality` may hold, and checked rows as a frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from results_db.importers.aliases import SET_BY_STORE
from results_db.importers.curves import step
from results_db.importers.problems import Problem, shown
from results_db.importers.run_rules import Rule, count, number, words, yes_or_no
from results_db.schema_history import QUALITY_V6

_KINDS = {
    name: kind.split()[0]
    for name, kind, _ in QUALITY_V6.columns
    if name not in SET_BY_STORE and name != "source_family"
}
COLUMNS = tuple(_KINDS)
LARGEST = 1e300
REQUIRED = ("model", "task", "metric", "higher_is_better", "value")


def scale_per(text: str, scale: float) -> str:
    """What shares one scale: group, channel or block."""
    if text not in ("group", "channel", "block"):
        raise ValueError("write group, channel or block")
    return text


RULES: dict[str, Rule] = {
    **{name: words(200) for name, kind in _KINDS.items() if kind == "VARCHAR"},
    **{name: number(-LARGEST, LARGEST) for name, kind in _KINDS.items() if kind == "DOUBLE"},
    **{name: yes_or_no for name, kind in _KINDS.items() if kind == "BOOLEAN"},
    **dict.fromkeys(("weight_bits", "activation_bits", "kv_bits"), number(0, 64)),
    "note": words(2000, lines=True),
    "locator": words(500),
    "n_params": count(1, 1e16, "1.3e9 or 1.3B"),
    "block_size": number(1, 1e9),
    "standard_error": number(0, LARGEST),
    "scale_per": scale_per,
    "n_shot": step,
}
TYPES = {
    name: {"DOUBLE": "float64", "BOOLEAN": "boolean", "INTEGER": "Int64"}.get(_KINDS[name], "object")
    for name in COLUMNS
}


def checked(row: int, cells: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """The values of a row's cells, each by its rule, and what is wrong with them or missing; "" says nothing."""
    values: dict[str, Any] = {}
    problems = []
    for column, text in cells.items():
        if column in RULES and text.strip():
            try:
                values[column] = RULES[column](text, 1.0)
            except ValueError as advice:
                problems.append(Problem(row, column, shown(text), str(advice)))
    named = {problem.column for problem in problems}
    empty = [column for column in REQUIRED if column not in values and column not in named]
    return values, problems + [Problem(row, column, "", "it is empty; every row needs one") for column in empty]


def as_frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Checked rows as a frame with the column types of `quality`."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(TYPES)
