"""A text file as records: delimited tables and JSON lines, each record with the row it came from."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from results_db.formulas import unguarded
from results_db.importers.aliases import match_column
from results_db.importers.problems import Problem, Unreadable, shown
from results_db.importers.units import parse_number

MAX_COLUMNS = 1000  # of any table; one of runs has fewer
MAX_ROWS = 50_000
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(frozen=True)
class Records:
    """Header, rows as (row number, cells) and the rows that could not be cut into cells."""

    header: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    problems: list[Problem] = field(default_factory=list)


def read_delimited(text: str) -> Records:
    """The records of a CSV, TSV or semicolon table; Unreadable when its header is no header."""
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, problems, header = [], [], None
    number = 0
    try:
        for cells in reader:
            number += 1
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = _header(cells, number, delimiter)
            elif len(cells) != len(header):
                problems.append(_ragged(number, len(cells), len(header), cells))
            else:
                rows.append((number, [unguarded(cell) for cell in cells]))
            if len(rows) + len(problems) > MAX_ROWS:
                raise Unreadable(_too_long(), number)
    except csv.Error as problem:
        raise Unreadable(f"the line cannot be read as CSV ({problem}); check its quotes", number + 1) from None
    if header is None:
        raise Unreadable("the file is empty; a table of runs needs a header and at least one row")
    return Records(header, rows, problems)


def _delimiter(text: str) -> str:
    """The character that cuts the first line into the most columns we know."""
    line = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")

    def known(delimiter: str) -> tuple[int, int]:
        cells = line.split(delimiter)
        return sum(match_column(cell.strip(' "')).confidence > 0 for cell in cells), len(cells)

    return max(DELIMITERS, key=known)


def _header(cells: list[str], row: int, delimiter: str) -> tuple[str, ...]:
    if any(parse_number(cell) is not None for cell in cells):
        raise Unreadable(
            "the first row holds numbers, not column names; add a header such as n_params,n_tokens,loss",
            row,
            value=delimiter.join(cells),
        )
    return names(cells, row)


def names(cells: Iterable[str], row: int | None) -> tuple[str, ...]:
    """The column names, on one line each; Unreadable when they are too many, empty, doubled or hide something."""
    found = [" ".join(cell.split()) for cell in cells]
    if len(found) > MAX_COLUMNS:
        raise Unreadable(too_wide(len(found), MAX_COLUMNS), row)
    for position, name in enumerate(found, 1):
        if not name:
            raise Unreadable(f"column {position} has no name in the header; name it or delete it", row)
        hidden = next((character for character in name if not character.isprintable()), None)
        if hidden:
            advice = f"the name of column {position} holds the invisible character U+{ord(hidden):04X}; remove it"
            raise Unreadable(advice, row, shown(name), name)
        if found.index(name) != position - 1:
            raise Unreadable(f"two columns are called {name!r}; rename or delete one", row, shown(name))
    return tuple(found)


def too_wide(n_columns: int, most: int) -> str:
    """The sentence for a table of more columns than are read."""
    return (
        f"the table has {n_columns:,} columns; at most {most:,} are read. Keep n_params, n_tokens, loss and what "
        "describes the run"
    )


def _too_long() -> str:
    return f"the table has more than {MAX_ROWS:,} rows; keep the final row of each run, or split the file"


def _ragged(row: int, n_cells: int, n_columns: int, cells: list[str]) -> Problem:
    more = "more" if n_cells > n_columns else "fewer"
    return Problem(
        row, "", shown(",".join(cells)),
        f"the row has {n_cells} cells, {more} than the {n_columns} columns of the header; put text that contains "
        "the separator in double quotes",
    )  # fmt: skip


def read_json_lines(text: str) -> list[tuple[int, dict]]:
    """The objects of a JSON-lines file (or of one list or object) with their numbers; Unreadable names a bad one."""
    if text.lstrip().startswith("[") or _is_one_document(text):
        return _json_whole(text)
    records = []
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines: JSON strings may hold U+2028
        if not line.strip():
            continue
        try:
            record = _parsed(line)
        except (ValueError, RecursionError) as problem:
            raise Unreadable(
                f"the line is not a JSON object ({shown(problem)}); write one object a line", number, "", shown(line)
            ) from None
        if not isinstance(record, dict):
            raise Unreadable("the line is not a JSON object; write one object a line", number, "", shown(line))
        records.append((number, record))
        if len(records) > MAX_ROWS:
            raise Unreadable(_too_long(), number)
    return records


def _is_one_document(text: str) -> bool:
    """True for one object over several lines."""
    first, _, rest = text.strip().partition("\n")
    return bool(rest) and not first.rstrip().endswith("}")


def _json_whole(text: str) -> list[tuple[int, dict]]:
    try:
        whole = _parsed(text)
    except (ValueError, RecursionError) as problem:
        raise Unreadable(f"the file is not JSON ({shown(problem)}); write one object a line") from None
    records = whole if isinstance(whole, list) else [whole]
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise Unreadable("the list holds something that is no object; write one object a run", number)
    if len(records) > MAX_ROWS:
        raise Unreadable(_too_long())
    return list(enumerate(records, 1))


def _parsed(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_doubles)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return found


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is not JSON; write null where there is no number")


def from_objects(objects: list[tuple[int, dict]]) -> Records:
    """JSON objects as the records of a table; missing keys are empty cells."""
    keys = dict.fromkeys(key for _, record in objects for key in record)
    header = names(keys, None)
    rows = [(number, [_cell(record.get(key)) for key in keys]) for number, record in objects]
    return Records(header, rows)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)
