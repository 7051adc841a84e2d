"""An uploaded table as rows of `runs`: every cell by its column's rule, every problem collected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from results_db.importers.aliases import Match
from results_db.importers.format_names import named
from results_db.importers.problems import Problem, shown
from results_db.importers.run_rules import REQUIRED, RULES, TYPES, Rule, is_missing
from results_db.importers.table import Records

COLUMNS = tuple(RULES)


def read_rows(
    records: Records, mapping: Mapping[str, Match], rules: Mapping[str, Rule] = RULES
) -> tuple[pd.DataFrame, list[Problem]]:
    """The good rows with the columns and types of `runs`, and what is wrong with the others."""
    used = [(i, mapping[name]) for i, name in enumerate(records.header) if mapping[name].column]
    width = len(str(len(records.rows)))
    good: list[dict[str, Any]] = []
    problems = list(records.problems)
    first_with: dict[tuple, int] = {}
    names: dict[str, int] = {}
    for position, (number, cells) in enumerate(records.rows, 1):
        values, found = _row(number, cells, used, rules)
        key = tuple(values.items())
        name = values.get("run_id") or f"{position:0{max(width, 3)}d}"
        if not found and key in first_with:
            found = [Problem(number, "", shown(",".join(cells)), _repeated(first_with[key]))]
        elif not found and name in names:
            found = [Problem(number, "run_id", shown(name), f"row {names[name]} has the same run_id; rename one")]
        problems += found
        if not found:
            first_with[key] = names[name] = number
            good.append({"outlier": False, "locator": f"row {number}"} | values | {"run_id": name})
    return _frame(good), sorted(problems, key=lambda problem: problem.row or 0)


def _row(
    number: int, cells: list[str], used: list[tuple[int, Match]], rules: Mapping[str, Rule]
) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    stated: dict[str, float] = {}
    problems = []
    for index, match in used:
        text = cells[index]
        if is_missing(text) and not (match.column in REQUIRED and text.strip()):
            if match.column in REQUIRED:
                problems.append(
                    Problem(number, match.uploaded, "", "the cell is empty; write a number or delete the row")
                )
            continue
        try:
            values[match.column] = rules[match.column](text, match.scale)
            if match.column == "forward_format":
                stated = named(text).states
        except ValueError as advice:
            problems.append(Problem(number, match.uploaded, shown(text), str(advice)))
    return stated | values, problems


def _repeated(row: int) -> str:
    return f"the row repeats row {row}; delete one of them, or give each a run_id of its own"


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(TYPES)
