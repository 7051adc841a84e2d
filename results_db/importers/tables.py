"""What the records of a table are, whatever file they came in: points of curves, a W&B export, or runs."""

from __future__ import annotations

from typing import Protocol

from results_db.importers import chart_table, curve_table, quality_table, run_table, wandb_table
from results_db.importers.content import Content
from results_db.importers.preview import Preview
from results_db.importers.questions import Answers
from results_db.importers.table import Records


class TableImporter(Protocol):
    """A module of this folder that knows one kind of table."""

    def recognizes(self, records: Records) -> bool:
        """True when the records are of this kind."""
        ...

    def read(self, content: Content, records: Records, answers: Answers, remark: str) -> Preview:
        """What the table holds; `remark` says how its text was read. Unreadable says why it is no such table."""
        ...


# The first that recognizes the records reads them.
TABLES: tuple[TableImporter, ...] = (chart_table, wandb_table, quality_table, curve_table, run_table)


def read(content: Content, records: Records, answers: Answers, remark: str = "") -> Preview:
    """The records as what they are."""
    return next(kind for kind in TABLES if kind.recognizes(records)).read(content, records, answers, remark)
