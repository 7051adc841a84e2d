"""Points of loss curves as rows of `loss_curves`: every value by its rule, every problem collected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results_db.importers import loss_units
from results_db.importers.aliases import SET_BY_STORE
from results_db.importers.content import Content
from results_db.importers.preview import Preview, counted, good_and_bad
from results_db.importers.problems import Problem, Unreadable, as_frame, shown
from results_db.importers.questions import Question
from results_db.importers.run_rules import RULES as RUN_RULES
from results_db.importers.run_rules import Rule, count, is_missing, number, words
from results_db.importers.units import parse_number
from results_db.schema_curves import LOSS_CURVES

MAX_POINTS = 200_000
REQUIRED = ("curve_id", "step", "loss")
COLUMNS = tuple(name for name, _, _ in LOSS_CURVES.columns if name not in SET_BY_STORE)
TYPES = {
    name: {"DOUBLE": "float64", "BIGINT": "int64"}.get(kind.split()[0], "object")
    for name, kind, _ in LOSS_CURVES.columns
    if name in COLUMNS
}
LAST_STEP = 2**62
# Names of logged series that are losses.
LOSS = re.compile(r"loss|perplexity|\bppl\b|bpb|nll|cross.?entropy", re.IGNORECASE)


def step(text: str, scale: float) -> int:
    """The optimizer step [count]."""
    value = parse_number(text)
    if value is None or not 0 <= value <= LAST_STEP or value != int(value):
        raise ValueError("write the step as a whole number from 0, such as 1200")
    return int(value)


# The rules of all columns but the loss, whose rule depends on its unit.
RULES: dict[str, Rule] = {
    **{name: words(200) for name in COLUMNS if TYPES[name] == "object"},
    "note": words(2000, lines=True),
    "locator": words(500),
    "params_counted": RUN_RULES["params_counted"],
    "n_params": count(1, 1e16, "1.3e9 or 1.3B"),
    "batch_tokens": count(1, 1e12, "500k"),
    "total_steps": count(1, 1e12, "24000"),
    "steps_averaged": number(1, 1e12),
    "warmup_steps": number(0, 1e12),
    "peak_learning_rate": number(1e-30, 1e6),
    "learning_rate": number(0, 1e6),
    "n_tokens": number(0, 1e19),
    "step": step,
}


@dataclass(frozen=True)
class Point:
    """A point as a file says it: its cells by column, the row it stands in and what that row is called.

    A cell that is no text is a value already.
    """

    cells: Mapping[str, Any]
    row: int | None
    locator: str


def read_points(points: Iterable[Point], loss: Rule) -> tuple[pd.DataFrame, list[Problem], int]:
    """The good points with the columns and types of `loss_curves`, what is wrong with the others, and how many were
    logged again later at the same step of the same curve: the later one stays.

    Unreadable when there are more than MAX_POINTS.
    """
    rules = RULES | {"loss": loss}
    good: dict[tuple[str, int], dict[str, Any]] = {}
    problems: list[Problem] = []
    repeated = 0
    for point in points:
        values, found = _values(point, rules)
        problems += found
        if found:
            continue
        key = values["curve_id"], values["step"]
        repeated += key in good
        good.pop(key, None)
        good[key] = {"locator": point.locator} | values
        if len(good) + len(problems) > MAX_POINTS:
            raise Unreadable(f"there are more than {MAX_POINTS:,} points; log less often, or split the file")
    ordered = sorted(good.values(), key=lambda values: values["step"])
    frame = pd.DataFrame(ordered, columns=list(COLUMNS)).astype(TYPES)
    return frame.sort_values("curve_id", kind="stable", ignore_index=True), problems, repeated


def _values(point: Point, rules: Mapping[str, Rule]) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems = []
    for column, cell in point.cells.items():
        if not isinstance(cell, str):
            values[column] = cell
        elif column in ("step", "loss") or not _says_nothing(column, cell):
            try:
                values[column] = rules[column](cell, 1.0)
            except ValueError as advice:
                problems.append(Problem(point.row, column, shown(cell), str(advice)))
    named = {problem.column for problem in problems}
    empty = [column for column in REQUIRED if column not in values and column not in named]
    return values, problems + [Problem(point.row, column, "", "it is empty; every point needs one") for column in empty]


def _says_nothing(column: str, cell: str) -> bool:
    return not cell.strip() if TYPES[column] == "object" else is_missing(cell)  # a run may be called "none"


def preview(
    content: Content, points: Iterable[Point], asked: list[Question], problems: Sequence[Problem], remark: str = ""
) -> Preview:
    """The points of a table as a dataset of loss curves, with the problems that its rows had before."""
    rows, wrong, repeated = read_points(points, loss_units.loss_rule(asked))
    problems = [*problems, *wrong]
    unsettled = [question.as_problem() for question in asked if question.open]
    if rows.empty:
        unsettled.append(Problem(None, "", "", "no point is good; add rows with a step and a loss, or correct them"))
    n_points = len(rows) + repeated + len({problem.row for problem in problems})
    message = f"{content.name}: {counted(rows['curve_id'].nunique(), 'loss curve')} of {counted(n_points, 'point')}, "
    message += f"{good_and_bad(len(rows), problems)}.{again(repeated)}"
    return Preview(
        content.name,
        content.sha256,
        "loss_curves",
        message + (f" The file was {remark}." if remark else ""),
        "; ".join(str(problem) for problem in unsettled),
        rows=rows,
        problems=as_frame([*unsettled, *problems]),
        questions=tuple(asked),
    )


def again(repeated: int) -> str:
    """The remark on points that were logged twice, "" when there are none."""
    if not repeated:
        return ""
    return f" For {counted(repeated, 'step')} a value was logged again later, and the later one is kept."
