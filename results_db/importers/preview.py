"""What an uploaded file holds, before anything of it is stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import ClassVar

import pandas as pd

from results_db.importers.aliases import Match
from results_db.importers.columns import SURE
from results_db.importers.problems import Problem, as_frame

LONGEST_NAME = 100


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame()


def _no_problems() -> pd.DataFrame:
    return as_frame([])


@dataclass(frozen=True)
class Preview:
    """A file as it would be imported: its kind, how its columns are read, the good rows, and the problems.

    `kind` is runs, probe_results or unknown. `mapping` holds one Match per uploaded column, of which those whose
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

    @property
    def dataset_id(self) -> str:
        """The key that these rows have in the store: the same content has the same key."""
        text = self.rows.drop(columns="locator", errors="ignore").to_csv(index=False)
        return "upload_" + hashlib.sha256(f"{self.kind}\n{text}".encode()).hexdigest()[:12]

    @property
    def default_name(self) -> str:
        """The name that the dataset gets when the user gives none: the file's without its ending."""
        return dataset_name(PurePath(self.file_name).stem)

    def sentences(self) -> list[str]:
        """The problems as sentences that name row, column, value and advice."""
        cells = self.problems.astype(object).where(self.problems.notna(), None).itertuples(index=False, name=None)
        return [str(Problem(*values)) for values in cells]


def dataset_name(text: str) -> str:
    """A text as the name of a dataset: on one line, of printable characters, at most LONGEST_NAME of them."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:LONGEST_NAME] or "upload"
