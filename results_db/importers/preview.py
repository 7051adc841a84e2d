"""What an uploaded file holds, before anything of it is stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import ClassVar

import pandas as pd

from results_db.importers.aliases import Match
from results_db.importers.columns import CHOSEN, SURE
from results_db.importers.digest import content_key
from results_db.importers.problems import Problem, as_frame, dataset_name
from results_db.importers.questions import Question
from results_db.importers.shared import Shared


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame()


def _no_problems() -> pd.DataFrame:
    return as_frame([])


@dataclass(frozen=True)
class Preview:
    """A file as it would be imported: its kind, how its columns are read, the good rows, and the problems.

    `kind` is the table that the rows go to (runs, probe_results, loss_curves, quality) or unknown; `curves` are rows of
    loss_curves that come with rows of runs; `shared` is what a shared dataset says about itself. `questions` are what
    the file does not say, with the answers so far. `mapping` holds one Match per uploaded column, of which those whose
    confidence is below `sure` wait for the user's word; `first_values` holds the first text that each column says.
    `blocking` says what must be settled before any row can be imported; "" when the good rows may be. `existing` says
    where the same rows are in the store already: a dataset_id, or "measured" for rows of a probe that came by another
    way.
    """

    sure: ClassVar[float] = SURE

    file_name: str
    sha256: str
    kind: str
    message: str
    blocking: str = ""
    mapping: dict[str, Match] = field(default_factory=dict)
    first_values: dict[str, str] = field(default_factory=dict)
    rows: pd.DataFrame = field(default_factory=_no_rows)
    problems: pd.DataFrame = field(default_factory=_no_problems)
    existing: str = ""
    questions: tuple[Question, ...] = ()
    curves: pd.DataFrame = field(default_factory=_no_rows)
    shared: Shared | None = None

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The rows by the table that they go to."""
        return {self.kind: self.rows} | ({"loss_curves": self.curves} if len(self.curves) else {})

    @property
    def answers(self) -> str:
        """How columns were read by the user's choice and what was answered, as a JSON object; "" for neither."""
        columns = {name: match.column for name, match in self.mapping.items() if match.reason == CHOSEN}
        facts = {question.name: question.answer for question in self.questions if question.answer}
        said = {name: part for name, part in (("columns", columns), ("facts", facts)) if part}
        return json.dumps(said, ensure_ascii=False) if said else ""

    @cached_property
    def dataset_id(self) -> str:
        """The key that these rows have in the store: the same content has the same key.

        A shared dataset has the key of what was first imported, whatever was changed since.
        """
        originals = self.shared.originals if self.shared else {}
        return f"upload_{content_key(originals or self.tables)[:12]}"

    @property
    def default_name(self) -> str:
        """The name that the dataset gets when the user gives none: the one it was shared under, or the file's."""
        if self.shared:
            return self.shared.name
        return dataset_name(PurePath(self.file_name).stem)

    def sentences(self) -> list[str]:
        """The problems as sentences that name row, column, value and advice."""
        cells = self.problems.astype(object).where(self.problems.notna(), None).itertuples(index=False, name=None)
        return [str(Problem(*values)) for values in cells]


def counted(n: int, what: str) -> str:
    """A number with its noun, in the plural where it is several."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def good_and_bad(n_good: int, problems: Sequence[Problem]) -> str:
    """How many rows are good and how many have one of these problems, in words."""
    return good_of(n_good, len({problem.row for problem in problems}))


def good_of(n_good: int, n_bad: int) -> str:
    """How many rows are good and how many are not, in words."""
    if not n_bad:
        return "all good" if n_good else "none good"
    return f"{n_good:,} good and {n_bad:,} with problems"
