"""What is wrong with an uploaded file: one row, column, value and piece of advice each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

SHOWN_CHARACTERS = 80
LONGEST_NAME = 100


@dataclass(frozen=True)
class Problem:
    """One thing to correct. `row` counts lines of the table with its header as row 1; None: the whole file."""

    row: int | None
    column: str
    value: str
    advice: str

    def __str__(self) -> str:
        place = f"row {self.row}: " if self.row is not None else ""
        subject = f"{self.column} is {self.value!r}; " if self.column and self.value else ""
        subject = subject or (f"{self.column}: " if self.column else "")
        return f"{place}{subject}{self.advice}"


class Unreadable(Exception):
    """The file as a whole cannot be read; carries the problem."""

    def __init__(self, advice: str, row: int | None = None, column: str = "", value: str = "") -> None:
        super().__init__(advice)
        self.problem = Problem(row, column, shown(value), advice)


def shown(value: object) -> str:
    """A value cut to a length that fits a table, with control characters made visible."""
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in str(value)[: SHOWN_CHARACTERS + 1])
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def as_frame(problems: Iterable[Problem]) -> pd.DataFrame:
    """The problems as a table: row, column, value, advice."""
    items = list(problems)
    return pd.DataFrame(
        {
            "row": pd.array([item.row for item in items], dtype="Int64"),
            "column": pd.array([item.column for item in items], dtype="str"),
            "value": pd.array([item.value for item in items], dtype="str"),
            "advice": pd.array([item.advice for item in items], dtype="str"),
        }
    )


def dataset_name(text: str) -> str:
    """A text as the name of a dataset: on one line, of printable characters, at most LONGEST_NAME of them."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:LONGEST_NAME] or "upload"
