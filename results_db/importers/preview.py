"""What an uploaded file holds, before anything of it is stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import pandas as pd

from results_db.importers.aliases import Match
from results_db.importers.problems import Problem, as_frame


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame()


def _no_problems() -> pd.DataFrame:
    return as_frame([])


@dataclass(frozen=True)
class Preview:
    """A file as it would be imported: its kind, how its columns are read, the good rows, and the problems.

    `kind` is runs, probe_results or unknown. `mapping` holds one Match per uploaded column. `blocking` says what
    must be settled before any row can be imported; "" when the good rows may be. `existing` says where the same rows
    are in the store already: a dataset_id, or "measured" for rows of a probe that came by another way.
    """

    file_name: str
    sha256: str
    kind: str
    message: str
    blocking: str = ""
    mapping: dict[str, Match] = field(default_factory=dict)
    rows: pd.DataFrame = field(default_factory=_no_rows)
    problems: pd.DataFrame = field(default_factory=_no_problems)
    existing: str = ""

    @property
    def dataset_id(self) -> str:
        """The key that these rows have in the store: the same content has the same key."""
        text = self.rows.drop(columns="locator", errors="ignore").to_csv(index=False)
        return "upload_" + hashlib.sha256(f"{self.kind}\n{text}".encode()).hexdigest()[:12]

    def sentences(self) -> list[str]:
        """The problems as sentences that name row, column, value and advice."""
        cells = self.problems.astype(object).where(self.problems.notna(), None).itertuples(index=False, name=None)
        return [str(Problem(*values)) for values in cells]
