"""The table behind a Weights & Biases chart: for each run and metric a column, with those of its extremes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from results_db.importers import curves, loss_units
from results_db.importers.content import Content
from results_db.importers.curve_table import column_of
from results_db.importers.curves import LOSS, Point
from results_db.importers.preview import Preview
from results_db.importers.problems import Unreadable, shown
from results_db.importers.questions import Answers
from results_db.importers.table import Records
from results_db.importers.units import parse_number

BETWEEN = " - "  # "run - metric"; the chart of a single run names the metric alone
EXTREMES = ("__MIN", "__MAX")  # of the steps that a point stands for, in columns of their own
STEP = "_step"  # the metric that is exported beside the others when the x axis is not the step


@dataclass(frozen=True)
class Line:
    """One line of the chart: its run, its metric, and the columns of its values and steps."""

    run: str
    metric: str
    values: int
    steps: int


def recognizes(records: Records) -> bool:
    """True when a column has the extremes of what it averages beside it."""
    header = set(records.header)
    return any(name.endswith(EXTREMES[0]) and name[: -len(EXTREMES[0])] in header for name in header)


def read(content: Content, records: Records, answers: Answers, remark: str = "") -> Preview:
    """One curve per run and loss of the chart."""
    lines = _lines(records.header, content.default_name)
    numbers = (parse_number(cells[line.values]) for line in lines for _, cells in records.rows())
    metrics = dict.fromkeys(line.metric for line in lines)
    asked = loss_units.questions(metrics, (number for number in numbers if number is not None), answers)
    return curves.preview(content, _points(records, lines), asked, records.problems, remark)


def _lines(header: tuple[str, ...], single: str) -> list[Line]:
    """The chart's losses; Unreadable when it has none, or no steps."""
    drawn = {
        name: (run or single, metric)
        for name in header[1:]
        if not name.endswith(EXTREMES)
        for run, _, metric in [name.rpartition(BETWEEN)]
    }
    steps = {run: header.index(name) for name, (run, metric) in drawn.items() if metric == STEP}
    losses = {name: words for name, words in drawn.items() if LOSS.search(words[1])}
    if not losses:
        shows = ", ".join(dict.fromkeys(shown(metric) for _, metric in drawn.values() if metric != STEP))
        raise Unreadable(f"the chart shows {shows or 'nothing'}, not a loss; export the chart of the loss", 1)
    if column_of(header[0]) == "step":
        steps = {run: 0 for run, _ in losses.values()}
    without = next((run for run, _ in losses.values() if run not in steps), None)
    if without is not None:
        raise Unreadable(
            f"the chart has {shown(header[0])} on its x axis and no steps of {shown(without)}; choose Step as its x "
            "axis, then export it again", 1,
        )  # fmt: skip
    return [Line(run, metric, header.index(name), steps[run]) for name, (run, metric) in losses.items()]


def _points(records: Records, lines: list[Line]) -> Iterator[Point]:
    several = len({line.metric for line in lines}) > 1
    for number, cells in records.rows():
        for line in lines:
            if cells[line.values].strip():
                curve = f"{line.run} {line.metric}" if several else line.run
                own = {"step": cells[line.steps], "loss": cells[line.values], "loss_name": line.metric}
                yield Point({"curve_id": curve} | own, number, f"row {number}")
