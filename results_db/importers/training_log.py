"""What one run logged while it trained, as its loss curves and, with its size and tokens, as a row of runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from results_db.importers import loss_units, run_rows, run_table
from results_db.importers.aliases import Match
from results_db.importers.content import Content
from results_db.importers.curves import LAST_STEP, LOSS, Point, again, read_points
from results_db.importers.preview import Preview, counted, good_and_bad
from results_db.importers.problems import Problem, Unreadable, as_frame, shown
from results_db.importers.questions import Answers, Question
from results_db.importers.table import records_of
from results_db.importers.units import parse_count

BOTH, CURVES = "the run and its curves", "only its curves"
HELD_OUT = re.compile(r"eval|val|test|dev", re.IGNORECASE)


@dataclass(frozen=True)
class Logged:
    """One logged value: the step, the value, and the row and words that say where it stands."""

    step: float
    value: float
    row: int | None
    locator: str


@dataclass(frozen=True)
class TrainingLog:
    """The series of one run by name, with what else its log says: learning rate [1] and tokens seen by step, FLOPs,
    and steps planned. A 0 in tokens, flops or total_steps means that the program did not count."""

    program: str
    series: Mapping[str, list[Logged]]
    learning_rate: Mapping[float, float] = field(default_factory=dict)
    tokens: Mapping[float, float] = field(default_factory=dict)
    flops: float = 0.0
    total_steps: float = 0.0

    @property
    def losses(self) -> dict[str, list[Logged]]:
        """The series that are losses; those in another unit only where there is none in ours."""
        found = {name: points for name, points in self.series.items() if LOSS.search(name) and points}
        ours = {name: points for name, points in found.items() if not loss_units.hint(name)}
        return ours or found


def preview(content: Content, log: TrainingLog, answers: Answers) -> Preview:
    """The log as curves and a run: what is good, what is wrong, what must be said first."""
    losses = log.losses
    if not losses:
        names = ", ".join(shown(name) for name in list(log.series)[:8]) or "nothing"
        raise Unreadable(f"{log.program} logged no loss here, only {names}; log the loss, or import another file")
    asked = _questions(content, log, losses, answers)
    said = {"keep": BOTH, "n_tokens": ""}
    said |= {question.name: question.answer for question in asked if not question.problem}
    rule = loss_units.loss_rule(asked)
    curves, problems, repeated = read_points(_points(log, losses, said), rule)
    unsettled = [question.as_problem() for question in asked if question.open]
    if curves.empty:
        unsettled.append(Problem(None, "", "", "no point of this log is good: each needs a step and a finite loss"))
    runs, wrong = (pd.DataFrame(), []) if said["keep"] == CURVES or unsettled else _run(log, losses, said, asked)
    message = (
        f"{content.name}: a log of {log.program}, {counted(len(losses), 'loss curve')} of "
        f"{counted(len(curves) + len(problems), 'point')}, {good_and_bad(len(curves), problems)}.{again(repeated)}"
    )
    kind, rows = ("loss_curves", curves) if said["keep"] == CURVES else ("runs", runs)
    return Preview(
        content.name,
        content.sha256,
        kind,
        message,
        "; ".join(str(problem) for problem in [*unsettled, *wrong]),
        rows=rows,
        problems=as_frame([*unsettled, *wrong, *problems]),
        questions=tuple(asked),
        curves=curves if kind == "runs" else pd.DataFrame(),
    )


def _questions(
    content: Content, log: TrainingLog, losses: Mapping[str, list[Logged]], answers: Answers
) -> list[Question]:
    held_out = [name for name in losses if HELD_OUT.search(name)] or list(losses)
    best = held_out[0] if len(held_out) == 1 else ""
    loss = answers.to(Question("loss", "which series is the loss of the run?", "choice", tuple(losses), best))
    keep = answers.to(Question("keep", "what to import", "choice", (BOTH, CURVES), BOTH))
    asked = [loss, keep, answers.to(Question("run_id", "name of the run", answer=content.default_name, required=False))]
    asked += _run_questions(log, losses.get(loss.answer, []), answers, needed=keep.answer != CURVES)
    names = [loss.answer] if loss.answer in losses else list(losses)
    return asked + loss_units.questions(names, (point.value for name in names for point in losses[name]), answers)


def _run_questions(log: TrainingLog, points: list[Logged], answers: Answers, needed: bool) -> list[Question]:
    """What a run needs to be compared with others; its curves can do without."""
    tokens = _tokens(log, points)
    batch = answers.to(Question("batch_tokens", "tokens per step, where you know these", "count", required=False))
    size = "how many parameters N has the model? The log does not say"
    seen = "how many tokens D was the model trained on? The log does not say; tokens per step will do"
    formats = [
        answers.to(Question(name, f"{name.replace('_', ' ')}, such as bf16 or mxfp4", required=False))
        for name in run_table.FORMAT_COLUMNS
    ]
    return [
        answers.to(Question("n_params", size, "count", required=needed)),
        answers.to(
            Question("n_tokens", seen, "count", (), f"{tokens:.0f}" if tokens else "", needed and not batch.answer)
        ),
        batch,
        *formats,
        *run_table.format_questions((found.answer for found in formats if found.answer), answers),
    ]


def _tokens(log: TrainingLog, points: list[Logged]) -> float:
    """Tokens seen at the last loss, 0.0 when the log does not say.

    Where they were counted only after it, tokens per step are taken as constant.
    """
    last = max((point.step for point in points), default=0.0)
    counted = {step: tokens for step, tokens in log.tokens.items() if tokens > 0 and step > 0}
    until = [tokens for step, tokens in counted.items() if step <= last]
    if until or not counted:
        return max(until, default=0.0)
    step = min(counted)
    return counted[step] * last / step


def _points(log: TrainingLog, losses: Mapping[str, list[Logged]], said: Mapping[str, str]) -> Iterator[Point]:
    whole = {
        "run_id": said.get("run_id") if said["keep"] == BOTH else None,
        "n_params": parse_count(said.get("n_params", "")),
        "batch_tokens": parse_count(said.get("batch_tokens", "")),
        "total_steps": log.total_steps if 0 < log.total_steps <= LAST_STEP else None,
    }
    for points, label in zip(losses.values(), _labels(losses), strict=True):
        names = {"curve_id": f"{said.get('run_id', 'run')} {label}", "loss_name": label}
        for point in points:
            own = {"step": f"{point.step:.15g}", "loss": repr(point.value)}
            if point.step in log.learning_rate:
                own["learning_rate"] = repr(log.learning_rate[point.step])
            if log.tokens.get(point.step):
                own["n_tokens"] = repr(log.tokens[point.step])
            yield Point(whole | names | own, point.row, point.locator)


def _labels(names: Iterable[str]) -> list[str]:
    """The names on one line each, told apart by a number where they were cut to the same text."""
    labels: list[str] = []
    for name in names:
        label = shown(" ".join(name.split()))
        labels.append(label if label not in labels else f"{label} ({len(labels) + 1})")
    return labels


def _run(
    log: TrainingLog, losses: Mapping[str, list[Logged]], said: Mapping[str, str], asked: list[Question]
) -> tuple[pd.DataFrame, list[Problem]]:
    """The run as one row, and what is wrong with it."""
    last = max(losses[said["loss"]], key=lambda point: point.step)
    tokens = said["n_tokens"]
    if said.get("batch_tokens") and not tokens:
        tokens = f"{last.step * (parse_count(said['batch_tokens']) or 0):.15g}"
    cells = {"loss": repr(last.value), "loss_name": shown(said["loss"]), "n_tokens": tokens, "locator": last.locator}
    cells |= {"flops": repr(log.flops)} if log.flops > 0 else {}
    cells |= {name: said[name] for name in ("run_id", "n_params", *run_table.FORMAT_COLUMNS) if said.get(name)}
    records = records_of(tuple(cells), [(1, list(cells.values()))])
    mapping = {name: Match(name, name, 1.0, "same name") for name in cells}
    rows, problems = run_rows.read_rows(records, mapping, run_table.rules(asked))
    return rows, [replace(problem, row=None) for problem in problems]
