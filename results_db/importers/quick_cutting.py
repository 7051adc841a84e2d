"""Delimited text cut into cells by Arrow, many times faster than by Python's csv module, where both must agree:

every quote opens or closes a whole cell, every row has the length of the header, no line is blank.
"""

from __future__ import annotations

import csv

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

MAX_LINE = 2_000_000  # characters between two line ends, and in one row of several lines
_MOST_QUOTES = 20_000_000


def cut_quickly(data: bytes, start: int, delimiter: str, width: int) -> tuple[pa.StringArray, ...] | None:
    """The columns of what follows the header, as Arrow cuts them; None where the csv module must be asked."""
    end = len(data.rstrip(b"\r\n")) if data.endswith((b"\n", b"\r")) else len(data)
    if end <= start:
        return tuple(pa.array([], pa.string()) for _ in range(width))
    quoted = data.find(b'"', start) >= 0
    if quoted and not _well_quoted(data, start, end, delimiter.encode()):
        return None
    columns = [str(place) for place in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(memoryview(data)[start:end])),
            arrow_csv.ReadOptions(column_names=columns, block_size=2 * MAX_LINE),
            arrow_csv.ParseOptions(delimiter=delimiter, quote_char='"' if quoted else False, newlines_in_values=quoted,
                                   ignore_empty_lines=False),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False),
        )  # fmt: skip
    except pa.ArrowInvalid:  # a row of another length, a blank line, a line that is too long
        return None
    texts = tuple(column.combine_chunks() for column in table.columns)
    longest = max(pc.max(pc.binary_length(text)).as_py() or 0 for text in texts)
    return texts if longest <= csv.field_size_limit() else None


def _well_quoted(data: bytes, start: int, end: int, delimiter: bytes) -> bool:
    """True when every quote opens or closes a whole cell, or is one of a pair within one."""
    if data.count(b'"', start, end) > _MOST_QUOTES:
        return False
    text = np.frombuffer(data, np.uint8)[start:end]
    quotes = np.flatnonzero(text == ord('"'))
    if len(quotes) % 2:
        return False
    edge = np.zeros(256, bool)
    edge[list(b'\r\n"' + delimiter)] = True
    opening, closing = quotes[0::2], quotes[1::2]
    opens = edge[text.take(opening - 1, mode="clip")] | (opening == 0)
    closes = edge[text.take(closing + 1, mode="clip")]  # the last one is its own neighbor, and a quote
    return bool(opens.all() and closes.all())
