"""Delimited text (CSV, TSV, semicolons, bars) cut into cells, as Python's csv module says how they are cut."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from results_db.formulas import unguarded
from results_db.importers.problems import Problem, Unreadable, shown
from results_db.importers.quick_cutting import MAX_LINE, cut_quickly
from results_db.importers.separator import separator_of
from results_db.importers.table import MAX_CELLS, MAX_LISTED, MAX_ROWS, Records, names, records_of, too_long
from results_db.importers.units import parse_number

_BATCH = 20_000  # rows that the csv module cuts before they become columns
_NAMELESS = "column {} without a name"
_WIDE = r"[\x{80}-\x{10FFFF}]"


def read_delimited(data: bytes) -> Records:
    """The records of a delimited table in UTF-8; Unreadable when its header is no header."""
    delimiter, n_before = separator_of(data)
    lines = _Lines(data)
    rows = islice(_rows(lines, delimiter), n_before, None)
    first = next(((number, cells) for number, cells in rows if not _blank(cells)), None)
    if first is None:
        raise Unreadable("the file is empty; a table of runs needs a header and at least one row")
    number, header = first[0], _header(first[1], first[0], delimiter)
    if (data.count(b"\n") + data.count(b"\r")) * len(header) > 2 * MAX_CELLS:
        raise Unreadable(too_long(MAX_CELLS, "cells"))
    texts = cut_quickly(data, lines.n_bytes, delimiter, len(header))
    if texts is None or len(texts[0]) > MAX_ROWS:
        return _without_empty_columns(_carefully(rows, header))
    whole = _without_blank(Records(header, number + 1 + np.arange(len(texts[0])), texts))
    return _without_empty_columns(_unguarded(whole))


class _Lines:
    """The lines of a text for the csv module, which counts neither their bytes nor their length."""

    def __init__(self, data: bytes) -> None:
        self._file = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
        self.n_bytes = 0  # of the lines handed out so far
        self.n_characters = 0  # since it was last set to 0

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(MAX_LINE + 1):
            self.n_bytes += len(line.encode())
            self.n_characters += len(line)
            yield line if self.n_characters <= MAX_LINE else _raise_too_wide()


def _raise_too_wide() -> str:
    raise csv.Error(f"it has more than {MAX_LINE:,} characters")


def _rows(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of the csv module, numbered from 1; Unreadable names the one that it cannot cut."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        lines.n_characters = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            raise Unreadable(f"the line cannot be read as CSV ({problem}); check its quotes", number) from None
        yield number, cells


def _blank(cells: list[str]) -> bool:
    return not any(cell.strip() for cell in cells)


def _header(cells: list[str], row: int, delimiter: str) -> tuple[str, ...]:
    if any(parse_number(cell) is not None for cell in cells):
        raise Unreadable(
            "the first row holds numbers, not column names; add a header such as n_params,n_tokens,loss",
            row,
            value=delimiter.join(cells),
        )
    return names([cell if cell.strip() else _NAMELESS.format(place) for place, cell in enumerate(cells, 1)], row)


def _without_empty_columns(records: Records) -> Records:
    """The records without the columns that have neither a name nor a cell that says something."""
    nameless = [_NAMELESS.format(place) for place in range(1, len(records.header) + 1)]
    kept = [
        (name, texts)
        for name, nothing, texts in zip(records.header, nameless, records.texts, strict=True)
        if name != nothing or _matches(texts, r"\S").any()
    ]
    return replace(records, header=tuple(name for name, _ in kept), texts=tuple(texts for _, texts in kept))


def _carefully(rows: Iterator[tuple[int, list[str]]], header: tuple[str, ...]) -> Records:
    """The records as the csv module cuts them; rows of another length are problems."""
    batches: list[Records] = []
    batch: list[tuple[int, list[str]]] = []
    problems: list[Problem] = []
    n_rows = n_ragged = 0
    for number, cells in rows:
        if _blank(cells):
            continue
        n_rows += 1
        if n_rows > MAX_ROWS:
            raise Unreadable(too_long(MAX_ROWS), number)
        if len(cells) == len(header):
            batch.append((number, [unguarded(cell) for cell in cells]))
        else:
            n_ragged += 1
            problems += [_ragged(number, cells, len(header))] if n_ragged <= MAX_LISTED else []
        if len(batch) == _BATCH:
            batches.append(records_of(header, batch))
            batch = []
    batches.append(records_of(header, batch))
    numbers = np.concatenate([part.numbers for part in batches])
    columns = zip(*(part.texts for part in batches), strict=True)
    return Records(header, numbers, tuple(pa.concat_arrays(column) for column in columns), problems, n_ragged)


def _ragged(row: int, cells: list[str], n_columns: int) -> Problem:
    more = "more" if len(cells) > n_columns else "fewer"
    return Problem(
        row, "", shown(",".join(cells[:200])),
        f"the row has {len(cells)} cell{'' if len(cells) == 1 else 's'}, {more} than the {n_columns} columns of the "
        "header; put text that contains the separator in double quotes",
    )  # fmt: skip


def _without_blank(records: Records) -> Records:
    """The records without the rows whose cells are all blank."""
    maybe = np.flatnonzero(~_matches(records.texts[0], "[!-~]"))
    for column in records.texts[1:]:
        maybe = maybe[~_matches(column.take(pa.array(maybe)), "[!-~]")]
    wide = np.zeros(len(maybe), bool)
    for column in records.texts:
        wide |= _matches(column.take(pa.array(maybe)), _WIDE)
    blank = [place for place, said in zip(maybe, wide, strict=True) if not said or _blank(records.cells(place))]
    if not blank:
        return records
    kept = np.delete(np.arange(len(records)), blank)
    return Records(records.header, records.numbers[kept], tuple(text.take(pa.array(kept)) for text in records.texts))


def _matches(texts: pa.StringArray, pattern: str) -> np.ndarray:
    return pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False).astype(bool)


def _unguarded(records: Records) -> Records:
    """The records with every cell as it was before an export guarded it against spreadsheets."""
    texts = []
    for column in records.texts:
        guarded = pc.starts_with(column, "'")
        if pc.any(guarded).as_py():
            plain = [unguarded(cell) for cell in column.filter(guarded).to_pylist()]
            column = pc.replace_with_mask(column, guarded, pa.array(plain, pa.string()))
        texts.append(column)
    return Records(records.header, records.numbers, tuple(texts))
