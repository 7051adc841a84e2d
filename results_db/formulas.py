"""Cells that a spreadsheet would run as a formula: disarmed on export, restored exactly on import."""

from __future__ import annotations

import re

_DANGEROUS = re.compile(r"'*[=+\-@\t\r]")


def guarded(text: str) -> str:
    """The text with one more apostrophe before it when a spreadsheet would take it for a formula."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given."""
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text) else text
