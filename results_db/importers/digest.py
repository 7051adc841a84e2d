"""A key that the same rows always get, whatever file they came from and whichever version of a library wrote them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

APART = ("locator",)  # where a row stood in its file does not make it another row


def content_key(tables: Mapping[str, pd.DataFrame]) -> str:
    """SHA-256, in hexadecimal, of the values of all rows in their order, table by table and column by column.

    Columns without any value do not count.
    """
    digest = hashlib.sha256()
    for table, frame in tables.items():
        rows = pa.Table.from_pandas(frame, preserve_index=False)
        digest.update(f"{table} {rows.num_rows}".encode())
        for name in sorted(set(rows.column_names) - set(APART)):
            column = rows.column(name).combine_chunks()
            if column.null_count < len(column):
                digest.update(f"\n{name} ".encode())
                _add(digest, column)
    return digest.hexdigest()


def _add(digest: hashlib._Hash, column: pa.Array) -> None:
    """Adds which rows have a value, and the values: lengths and bytes of texts, else the bytes of a double each."""
    digest.update(np.packbits(column.is_valid().to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        texts = pc.fill_null(column, "").cast(pa.large_string())
        _, ends, letters = texts.buffers()
        ends = np.frombuffer(ends, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        digest.update(np.diff(ends).astype("<i8").tobytes())
        digest.update(memoryview(letters)[ends[0] : ends[-1]] if letters else b"")
        return
    numbers = column if pa.types.is_floating(column.type) else column.cast(pa.int64()).cast(pa.float64(), safe=False)
    digest.update(pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False).astype("<f8").tobytes())
