"""Which uploaded column is read as which of ours, and what must be settled before any row is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from results_db.errors import unknown
from results_db.importers.aliases import COLUMNS, IGNORE, Match, match_column
from results_db.importers.problems import Problem, shown
from results_db.importers.run_rules import REQUIRED

CHOSEN = "your choice"
SURE = 0.7  # a match below this is a suggestion, which the user confirms or declines


def file_columns() -> tuple[str, ...]:
    """The names of our columns that a column of an uploaded table of runs may be read as."""
    return tuple(COLUMNS)


def matches(
    header: tuple[str, ...], chosen: Mapping[str, str] | None, known: Mapping[str, Match] | None = None
) -> dict[str, Match]:
    """One Match per uploaded column: the user's choice where there is one, else what is `known`, else the best guess.

    ValueError when the choice names a column that is not in the file or none of ours.
    """
    chosen = chosen or {}
    for theirs, ours in chosen.items():
        if theirs not in header:
            raise ValueError(unknown("column of the file", theirs, header))
        if ours not in (*file_columns(), IGNORE):
            raise ValueError(unknown("column of runs", ours, file_columns()))
    found = {}
    for name in header:
        guess = (known or {}).get(name) or match_column(name)
        if name in chosen:
            scale = guess.scale if guess.column == chosen[name] else 1.0
            guess = Match(name, chosen[name], 1.0, CHOSEN, scale)
        found[name] = guess
    return _one_each(found)


def _one_each(found: dict[str, Match]) -> dict[str, Match]:
    """Two columns read as one of ours: the surer keeps it, the other becomes a question."""
    taken: dict[str, str] = {}
    for name, match in sorted(found.items(), key=lambda item: -item[1].confidence):
        if match.column == IGNORE:
            continue
        if match.column in taken:
            found[name] = replace(
                match, column=IGNORE, confidence=0.0, reason=f"{match.column} is read from {taken[match.column]!r}"
            )
        else:
            taken[match.column] = name
    return found


def is_table_of_runs(mapping: Mapping[str, Match]) -> bool:
    """True when at least two of the required columns, or one that the user chose, are there."""
    found = [match for match in mapping.values() if match.column in REQUIRED]
    return len(found) >= 2 or any(match.reason == CHOSEN for match in found)


def missing(mapping: Mapping[str, Match]) -> list[str]:
    """The required columns that no column of the file is surely read as."""
    there = {match.column for match in mapping.values() if match.confidence >= SURE}
    return [name for name in REQUIRED if name not in there]


def open_questions(mapping: Mapping[str, Match]) -> list[Problem]:
    """What must be settled before a row can be imported: missing, unknown and doubtful columns."""
    questions = [Problem(1, name, "", _missing(name)) for name in missing(mapping)]
    for name, match in mapping.items():
        if match.confidence >= SURE:
            continue
        if match.column:
            unit = f", {match.reason}" if match.reason.startswith("in ") else ""
            advice = f"this column is not known; it may be {match.column}{unit}: confirm that, or ignore it"
        elif match.reason != "not known":
            advice = f"{match.reason} already; ignore this column, or choose it instead"
        else:
            advice = f"this column is not known; read it as one of {', '.join(file_columns())}, or ignore it"
        questions.append(Problem(1, shown(name), "", advice))
    return questions


def _missing(name: str) -> str:
    others = ", ".join(COLUMNS[name].split(", ")[1:5])
    one = "" if name == "loss" else ", or give one number for all rows"
    return f"there is no such column; add it (names such as {others} are understood), or say which column it is{one}"
