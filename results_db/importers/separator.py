"""Which character stands between the cells of a table: the one that its first line names, else the likeliest."""

from __future__ import annotations

import re

from results_db.importers.aliases import match_column
from results_db.importers.problems import Unreadable

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAID = re.compile(rb'"?sep=([^\r\n"]*?)"? *(?=[\r\n]|\Z)', re.IGNORECASE)
_LONGEST_HEADER = 100_000  # bytes; whatever a longer line is, it is not cut in four ways to find out


def separator_of(data: bytes) -> tuple[str, int]:
    """The character between two cells, and how many rows before the header say nothing else.

    Spreadsheets write and read such a row, `sep=;`. Unreadable when it names a character that is none of SEPARATORS.
    """
    said = _SAID.match(data)
    if said is None:
        return _likeliest(data), 0
    text = said[1].decode()
    separator = text[:1]
    if separator not in SEPARATORS or text.strip(separator):  # sep=;;; is what a spreadsheet makes of it
        *most, last = SEPARATORS.values()
        raise Unreadable(
            f"the row says that {text!r} stands between two cells; save the table with a {', '.join(most)} or {last} "
            "there", 1,
        )  # fmt: skip
    return separator, 1


def _likeliest(data: bytes) -> str:
    """The character that cuts the first line into the most columns we know."""
    found = re.search(rb"[^\r\n]*\S[^\r\n]*", data)
    if found is None or len(found[0]) > _LONGEST_HEADER:
        return ","
    line = found[0].decode(errors="ignore")

    def known(separator: str) -> tuple[int, int]:
        cells = line.split(separator)
        return sum(match_column(cell.strip(' "')).confidence > 0 for cell in cells), len(cells)

    return max(SEPARATORS, key=known)
