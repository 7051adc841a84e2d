"""Parquet files: their rows as the records of a table, read by a program of its own that a bad file cannot harm."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from results_db.importers import parquet_child, tables
from results_db.importers.content import Content
from results_db.importers.preview import Preview
from results_db.importers.problems import Unreadable, shown
from results_db.importers.questions import Answers
from results_db.importers.table import MAX_COLUMNS, MAX_OBJECTS, names, records_of

MARK = b"PAR1"
MAX_TEXT = 20_000_000  # bytes of text in all cells together, however small the file that says them
SECONDS = 30
# Types whose values are one number, one text or one time; the others are refused by name.
_FLAT = (
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "FLOAT", "DOUBLE", "DECIMAL", "VARCHAR", "DATE", "TIMESTAMP", "TIME", "ENUM",
)  # fmt: skip


def recognizes(content: Content) -> bool:
    """True for bytes that begin as a Parquet file does."""
    return content.data.startswith(MARK)


def read(content: Content, answers: Answers) -> Preview:
    """The file's rows as those of a table."""
    _require_end(content.data)
    said, *rows = [json.loads(line) for line in _printed(content)]
    if said["rows"] > MAX_OBJECTS:
        raise Unreadable(
            f"the table has {said['rows']:,} rows; at most {MAX_OBJECTS:,} are read of a Parquet file. Keep the final "
            "row of each run, or export it as CSV, of which more is read"
        )
    header = names([name for name, _ in said["columns"]], None)
    for name, (_, kind) in zip(header, said["columns"], strict=True):
        if not kind.startswith(_FLAT) or kind.endswith("]"):
            raise Unreadable(f"the column holds {shown(kind)}, not numbers or text; leave it out", None, shown(name))
    if said["text"] > MAX_TEXT:
        raise Unreadable(
            f"the cells hold {said['text']:,} bytes of text; at most {MAX_TEXT:,} are read: leave texts out"
        )
    cells = [(number, [cell or "" for cell in row]) for number, row in enumerate(rows, 1)]
    return tables.read(content, records_of(header, cells), answers)


def _require_end(data: bytes) -> None:
    """Raises Unreadable when the file does not end as a Parquet file does: description, its length, mark."""
    if not data.endswith(MARK):
        raise Unreadable("the Parquet file has no end: it was cut off; copy or export it again")
    described = int.from_bytes(data[-8:-4], "little")
    if not 0 < described <= len(data) - 12:
        raise Unreadable("the Parquet file is damaged: its end describes no columns; copy or export it again")


def _printed(content: Content) -> list[str]:
    """What the child prints about the file; Unreadable when it refuses, is refused memory, or takes too long."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload.parquet"
        path.write_bytes(content.data)
        limits = [str(limit) for limit in (MAX_OBJECTS, MAX_COLUMNS, MAX_TEXT)]
        command = [sys.executable, "-I", parquet_child.__file__, str(path), *limits]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise Unreadable(f"the Parquet file took more than {SECONDS} s to read; export the table as CSV") from None
    if done.returncode == 0:
        return done.stdout.decode().splitlines()
    problem = done.stderr.decode(errors="replace").replace(str(path), content.name).strip()
    if done.returncode == 1 and "Out of Memory" not in problem and "bad_alloc" not in problem:
        first = shown((problem.splitlines() or ["no message"])[0])
        raise Unreadable(f"the Parquet file cannot be read ({first}); export it again, or as CSV")
    raise Unreadable(
        f"the Parquet file needs more than {parquet_child.MEMORY_BYTES / 1e9:g} GB of memory or "
        f"{parquet_child.CPU_SECONDS} s to be read; keep fewer columns and shorter texts, or export the table as CSV"
    )
