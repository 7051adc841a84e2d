"""Cells that a spreadsheet would run as a formula: disarmed on export, restored exactly on import."""

from __future__ import annotations

import re

import pandas as pd

_STARTS, _SIGNS = r"=@＝＠\t\r\n", r"+\-＋－"
_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+\-]?[0-9]+)?"
# A sign before a plain number is no formula: -1 stays -1.
_DANGEROUS = re.compile(rf"'*(?:[{_STARTS}]|[{_SIGNS}](?!{_NUMBER}\Z))")


def guarded(text: str) -> str:
    """The text with one more apostrophe before it when a spreadsheet would take it for a formula."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given."""
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text) else text


def guarded_in_sql(column: str) -> str:
    """The SQL expression for `guarded` of a column of texts."""
    return (
        f"CASE WHEN regexp_matches({column}, '^''*[{_STARTS}]') OR (regexp_matches({column}, '^''*[{_SIGNS}]')"
        f" AND NOT regexp_full_match({column}, '''*[{_SIGNS}]{_NUMBER}')) THEN '''' || {column} ELSE {column} END"
    )


def safe_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy of the frame whose text cells no spreadsheet runs as a formula; the import restores them exactly."""
    safe = frame.copy()
    for column in safe.select_dtypes(include=["object", "str", "category"]):
        safe[column] = [guarded(cell) if isinstance(cell, str) else cell for cell in safe[column]]
    return safe
