"""A table as JSON: one object a line, a list of objects, or one object, whose keys are the columns."""

from __future__ import annotations

from results_db.importers import tables
from results_db.importers.content import Content
from results_db.importers.preview import Preview
from results_db.importers.questions import Answers
from results_db.importers.table import from_objects


def recognizes(content: Content) -> bool:
    """True for JSON that no importer before this one recognized."""
    return content.is_json


def read(content: Content, answers: Answers) -> Preview:
    """The objects as the rows of a table."""
    return tables.read(content, from_objects(content.objects), answers)
