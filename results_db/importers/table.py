"""A table of texts, column by column, and JSON lines as such a table; each row knows its number in the file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from results_db.importers.problems import Problem, Unreadable, shown

MAX_COLUMNS = 1000  # of any table; one of runs has fewer
MAX_ROWS = 2_000_000
MAX_CELLS = 60_000_000
MAX_OBJECTS = 50_000  # JSON objects and rows of Parquet, which take more memory than text
MAX_LISTED = 50_000  # rows whose problems are listed one by one; of the rest, only the number is told
_BATCH = 20_000


@dataclass(frozen=True)
class Records:
    """A table of texts and what could not be cut into cells.

    `texts` holds one array of strings per name of the header, `numbers` the number of each row in the file (n_rows,).
    `n_ragged` counts the rows that have more or fewer cells than the header; `problems` lists the first of them.
    """

    header: tuple[str, ...]
    numbers: np.ndarray
    texts: tuple[pa.StringArray, ...]
    problems: list[Problem] = field(default_factory=list)
    n_ragged: int = 0

    def __len__(self) -> int:
        return len(self.numbers)

    def column(self, name: str) -> pa.StringArray:
        """The texts of the column of that name."""
        return self.texts[self.header.index(name)]

    def cells(self, position: int) -> list[str]:
        """The texts of the row at a position from 0."""
        return [column[position].as_py() for column in self.texts]

    def rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Every row with its number in the file."""
        for start in range(0, len(self), _BATCH):
            columns = [column.slice(start, _BATCH).to_pylist() for column in self.texts]
            yield from zip(self.numbers[start : start + _BATCH].tolist(), zip(*columns, strict=True), strict=True)

    def with_columns(self, added: Mapping[str, Sequence[str]]) -> Records:
        """The records with more columns, one text a row each."""
        texts = tuple(pa.array(column, pa.string()) for column in added.values())
        return replace(self, header=(*self.header, *added), texts=self.texts + texts)


def records_of(header: tuple[str, ...], rows: Sequence[tuple[int, Sequence[str]]]) -> Records:
    """The records of rows, each with its number in the file and one text per name of the header."""
    numbers = np.array([number for number, _ in rows], dtype=np.int64)
    columns = zip(*(cells for _, cells in rows), strict=True) if rows else [()] * len(header)
    return Records(header, numbers, tuple(pa.array(column, pa.string()) for column in columns))


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


def too_long(most: int, what: str = "rows") -> str:
    """The sentence for a table of more rows than are read."""
    return f"the table has more than {most:,} {what}; keep the final row of each run, or split the file"


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
        if len(records) > MAX_OBJECTS:
            raise Unreadable(too_long(MAX_OBJECTS), number)
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
    if len(records) > MAX_OBJECTS:
        raise Unreadable(too_long(MAX_OBJECTS))
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
    rows = [(number, [_cell(record.get(key), key, number) for key in keys]) for number, record in objects]
    return records_of(header, rows)


def _cell(value: object, key: str, number: int) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = json.dumps(value) if isinstance(value, (dict, list)) else str(value)
    half = next((character for character in text if "\ud800" <= character <= "\udfff"), None)
    if half:
        raise Unreadable(f"the text holds half a character (U+{ord(half):04X}); remove it", number, key, text)
    return text
