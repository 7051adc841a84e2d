"""What a file does not say and its importer needs to know: questions, and the user's answers to them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from results_db.errors import unknown
from results_db.importers.problems import Problem, shown
from results_db.importers.units import advice_for_number, parse_count

LONGEST_TEXT = 200


@dataclass(frozen=True)
class Question:
    """One thing to say about a file: a count (1.3B), a text, or a choice.

    `answer` is what the user said, else what is assumed when they say nothing; a `required` question without an
    answer keeps the file from being imported. `problem` says what is wrong with an answer.
    """

    name: str
    text: str
    kind: Literal["count", "text", "choice"] = "text"
    choices: tuple[str, ...] = ()
    answer: str = ""
    required: bool = True
    problem: str = ""

    @property
    def open(self) -> bool:
        """True when this question must be settled before any row can be imported."""
        return bool(self.problem) or (self.required and not self.answer)

    def as_problem(self) -> Problem:
        """The open question as a row of the table of problems."""
        return Problem(None, self.name, shown(self.answer), self.problem or self.text)


@dataclass(frozen=True)
class Answers:
    """What the user said about a file: which column is which of ours, and facts by the name of their question."""

    columns: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    def to(self, question: Question) -> Question:
        """The question with the user's answer in it, checked."""
        answer = self.facts.get(question.name, "").strip()
        if not answer:
            return question
        return replace(question, answer=answer, problem=_wrong_with(answer, question))

    def require_known(self, questions: Iterable[Question]) -> None:
        """Raises ValueError for a fact that nothing in the file asks for."""
        names = [question.name for question in questions]
        for name in self.facts:
            if name not in names:
                raise ValueError(unknown("fact about this file", name, names))


def _wrong_with(answer: str, question: Question) -> str:
    if question.kind == "choice":
        return "" if answer in question.choices else f"choose one of {', '.join(question.choices)}"
    if question.kind == "count":
        value = parse_count(answer)
        if value is None:
            return advice_for_number(answer, count=True)
        return "" if 0 < value < math.inf else "write a finite number above 0"
    return "" if answer.isprintable() and len(answer) <= LONGEST_TEXT else f"write at most {LONGEST_TEXT} letters"
