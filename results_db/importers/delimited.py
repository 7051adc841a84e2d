"""CSV, TSV and other delimited text: the records of a table."""

from __future__ import annotations

from results_db.importers import tables
from results_db.importers.content import Content
from results_db.importers.cutting import read_delimited
from results_db.importers.preview import Preview
from results_db.importers.questions import Answers


def recognizes(content: Content) -> bool:
    """True: a text that nothing else recognized is read as a table, or refused as such."""
    return True


def read(content: Content, answers: Answers) -> Preview:
    """The rows of the table."""
    return tables.read(content, read_delimited(content.utf8), answers, content.remark)
