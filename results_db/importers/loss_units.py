"""Losses in other units than ours: recognized, asked about, and converted when the user says so."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from statistics import median

from results_db.importers.questions import Answers, Question
from results_db.importers.run_rules import HIGHEST_LOSS, Rule, loss
from results_db.importers.units import advice_for_number, parse_count, parse_number

NATS = "nats per token"
# Unit -> nats per token from a value in it; the second argument is the bytes that a token stands for on average.
UNITS: dict[str, Callable[[float, float], float]] = {
    NATS: lambda value, _: value,
    "bits per token": lambda value, _: value * math.log(2),
    "bits per byte": lambda value, bytes_per_token: value * math.log(2) * bytes_per_token,
    "perplexity": lambda value, _: math.log(value),
}
_HINTS = {
    "perplexity": re.compile(r"ppl|perplexity"),
    "bits per byte": re.compile(r"bpb|bits?( per |/)byte"),
    "bits per token": re.compile(r"\bbits?\b|bpt"),
}


def hint(name: str) -> str:
    """The unit that a column's name suggests, "" when it suggests none."""
    word = name.lower().replace("_", " ")
    return next((unit for unit, pattern in _HINTS.items() if pattern.search(word)), "")


def questions(names: Iterable[str], values: Iterable[float], answers: Answers) -> list[Question]:
    """What to ask about the unit of losses in columns of those names: settled as ours unless something speaks
    against it."""
    unit = answers.to(_unit_question(list(names), [value for value in values if math.isfinite(value)]))
    if unit.answer != "bits per byte":
        return [unit]
    size = Question("bytes_per_token", "how many bytes of text does one token stand for on average? About 4", "count")
    return [unit, answers.to(size)]


def _unit_question(names: list[str], values: list[float]) -> Question:
    hints = {hint(name): name for name in names if hint(name)}
    if hints:
        unit, name = next(iter(hints.items()))
        text = f"the name {name!r} suggests {unit}: say what its values are, and they are converted to {NATS}"
        return Question("loss_unit", text, "choice", tuple(UNITS))
    middle = median(values) if values else 0.0
    if middle > HIGHEST_LOSS:
        text = (
            f"losses around {middle:.4g} are no {NATS}, which lie below {HIGHEST_LOSS:g}: say what they are, and they "
            "are converted"
        )
        return Question("loss_unit", text, "choice", tuple(UNITS))
    return Question("loss_unit", "unit of the losses", "choice", tuple(UNITS), answer=NATS, required=False)


def loss_rule(asked: Iterable[Question]) -> Rule:
    """The rule for a loss in the unit that the answers to `questions` say, in nats per token."""
    questions = {question.name: question for question in asked}
    unit = questions["loss_unit"].answer if "loss_unit" in questions else NATS
    if unit == NATS:
        return loss
    if any(question.open for question in questions.values() if question.name in ("loss_unit", "bytes_per_token")):
        return _not_yet_known
    said = questions["bytes_per_token"].answer if unit == "bits per byte" else ""
    bytes_per_token = parse_count(said) or math.nan

    def rule(text: str, scale: float) -> float:
        value = parse_number(text)
        if value is None:
            raise ValueError(advice_for_number(text, count=False))
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"write the finite {unit} of the run, a number above 0, or delete the row")
        nats = UNITS[unit](value, bytes_per_token)
        if not 0 < nats <= HIGHEST_LOSS:
            raise ValueError(
                f"as {unit} that means {nats:.4g} {NATS}; a loss lies above 0 and up to {HIGHEST_LOSS:g}: correct it, "
                "or delete the row"
            )
        return nats

    return rule


def _not_yet_known(text: str, scale: float) -> float:
    """Any number, while its unit is being asked: one question, not a problem in every row."""
    value = parse_number(text)
    if value is None:
        raise ValueError(advice_for_number(text, count=False))
    return value
