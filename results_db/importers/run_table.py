"""A table of training runs: columns, questions, good rows and problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from results_db.importers import columns, loss_units, run_rows
from results_db.importers.aliases import IGNORE, Match
from results_db.importers.cells import numbers_in
from results_db.importers.content import Content
from results_db.importers.format_names import named, squeezed
from results_db.importers.preview import Preview, counted, good_of
from results_db.importers.problems import Problem, Unreadable, as_frame, shown
from results_db.importers.questions import Answers, Question
from results_db.importers.run_rules import REQUIRED, RULES, Rule, format_rule, is_missing
from results_db.importers.table import Records, too_wide

MAX_COLUMNS = 100
FEW = 1000  # rows looked at together for the first text of a column
FORMAT_COLUMNS = ("forward_format", "backward_format")


def recognizes(records: Records) -> bool:
    """True: a table that is nothing else is read as runs, or refused with its columns."""
    return True


def read(
    content: Content,
    records: Records,
    answers: Answers,
    remark: str = "",
    known: Mapping[str, Match] | None = None,
    asked: Iterable[Question] = (),
) -> Preview:
    """The records as runs: what is good, what is wrong, what must be said first.

    `known` says how columns are read that an importer knows by its own means, `asked` what else it asked.
    """
    if len(records.header) > MAX_COLUMNS and known is None:
        raise Unreadable(too_wide(len(records.header), MAX_COLUMNS), 1)
    mapping = columns.matches(records.header, answers.columns, known)
    if not columns.is_table_of_runs(mapping):
        return _not_runs(content, records, mapping)
    questions = [*asked, *_questions(records, mapping, answers)]
    filled, whole = _filled_in(records, mapping, questions)
    rows, problems = run_rows.read_rows(filled, whole, rules(questions))
    n_rows = len(records) + records.n_ragged
    unsettled = _unsettled(whole, questions, n_rows, len(rows))
    message = f"{content.name}: a table of {counted(n_rows, 'run')}, {good_of(len(rows), n_rows - len(rows))}."
    return Preview(
        content.name,
        content.sha256,
        "runs",
        message + (f" The file was {remark}." if remark else ""),
        "; ".join(str(problem) for problem in unsettled),
        mapping,
        first_values(records),
        rows,
        as_frame([*unsettled, *problems]),
        questions=tuple(questions),
    )


def _unsettled(mapping: dict[str, Match], questions: list[Question], n_rows: int, n_good: int) -> list[Problem]:
    """What must be settled before a row can be imported."""
    said = [question.as_problem() for question in questions if question.open and _is_new(question)]
    named = {problem.column for problem in said}
    unsettled = [problem for problem in columns.open_questions(mapping) if problem.column not in named] + said
    if not n_rows:
        unsettled.append(Problem(None, "", "", "the table has a header but no rows; add one row per run"))
    elif not n_good:
        unsettled.append(Problem(None, "", "", "no row is good; correct the rows and choose the file again"))
    return unsettled


def _is_new(question: Question) -> bool:
    """True for a question that no missing column asks already."""
    return bool(question.problem) or question.name not in REQUIRED


def first_values(records: Records) -> dict[str, str]:
    """The first cell with text of each column."""
    return {name: _first_text(texts) for name, texts in zip(records.header, records.texts, strict=True)}


def _first_text(texts: pa.StringArray) -> str:
    for start in range(0, len(texts), FEW):
        some = texts.slice(start, FEW)
        if pc.any(pc.match_substring_regex(some, r"\S")).as_py():
            found = next((text for text in some.to_pylist() if text.strip()), "")
            if found:
                return shown(found)
    return ""


def _not_runs(content: Content, records: Records, mapping: dict[str, Match]) -> Preview:
    found = ", ".join(shown(column) for column in records.header[:8]) + (", …" if len(records.header) > 8 else "")
    problem = Problem(
        1, "", shown(found),
        f"this is no table of runs: its columns are {found}. A table of runs has {', '.join(REQUIRED)} (or params, "
        "tokens, val_loss …); say which columns these are if they have other names",
    )  # fmt: skip
    message = f"{content.name}: neither a table of runs nor another kind of file that is understood."
    listed = as_frame([problem])
    return Preview(
        content.name, content.sha256, "unknown", message, str(problem), mapping, first_values(records),
        pd.DataFrame(), listed,
    )  # fmt: skip


def _texts(records: Records, mapping: dict[str, Match], wanted: Iterable[str]) -> list[pa.StringArray]:
    """The columns of the file that are read as one of those wanted."""
    named = zip(records.header, records.texts, strict=True)
    return [texts for name, texts in named if mapping[name].column in wanted]


def _questions(records: Records, mapping: dict[str, Match], answers: Answers) -> list[Question]:
    asked = [
        answers.to(Question(name, f"{name} of every row", "count"))
        for name in columns.missing(mapping)
        if name != "loss"
    ]
    names = [match.uploaded for match in mapping.values() if match.column == "loss"]
    if names:
        numbers = np.concatenate([numbers_in(texts) for texts in _texts(records, mapping, ("loss",))])
        asked += loss_units.questions(names, [float(np.median(numbers))] if len(numbers) else [], answers)
    distinct = [pc.unique(texts).to_pylist() for texts in _texts(records, mapping, FORMAT_COLUMNS)]
    return asked + format_questions((text for texts in distinct for text in texts if not is_missing(text)), answers)


def format_questions(names: Iterable[str], answers: Answers) -> list[Question]:
    """One question for each name of a number format that may mean several of ours."""
    meant = {squeezed(name): named(name) for name in dict.fromkeys(names)}
    return [
        answers.to(
            Question(
                f"format {word}",
                f"{word!r} may mean {', '.join(found.choices)}: choose one, or {found.format} to keep the name",
                "choice",
                (*found.choices, found.format),
            )
        )
        for word, found in meant.items()
        if found.choices
    ]


def rules(asked: Iterable[Question]) -> dict[str, Rule]:
    """The rules of the columns with what the user said about units and formats."""
    meant = {
        question.name.removeprefix("format "): question.answer
        for question in asked
        if question.name.startswith("format ") and not question.open
    }
    rules = RULES | {"loss": loss_units.loss_rule(asked)}
    return rules | dict.fromkeys(FORMAT_COLUMNS, format_rule(meant)) if meant else rules


def _filled_in(
    records: Records, mapping: dict[str, Match], asked: Iterable[Question]
) -> tuple[Records, dict[str, Match]]:
    """The table with a column for each fact that the user gave for all rows."""
    given = {question.name: question.answer for question in asked if question.name in REQUIRED and not question.open}
    if not given:
        return records, mapping
    header = {column: f"{column} (your answer)" for column in given}
    kept = {name: replace(match, column=IGNORE) if match.column in given else match for name, match in mapping.items()}
    whole = kept | {name: Match(name, column, 1.0, columns.CHOSEN) for column, name in header.items()}
    added = {header[column]: [answer] * len(records) for column, answer in given.items()}
    return records.with_columns(added), whole
