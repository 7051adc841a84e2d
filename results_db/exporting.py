"""Tables as files: CSV that is safe to open in a spreadsheet, Parquet, or one archive that says where each row is from.

DuckDB writes the files, so that a million rows pass through no memory of ours.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from results_db import reading
from results_db.errors import StoreError, unknown
from results_db.formulas import guarded_in_sql
from results_db.migrations import utc_now

FORMATS = ("csv", "parquet")
ORIGINS = ("sources", "datasets")  # the tables that say where rows come from


@dataclass(frozen=True)
class Part:
    """Rows to export under a name: a query and its parameters."""

    name: str
    query: str
    parameters: Sequence[Any] = ()


def export(cursor: duckdb.DuckDBPyConnection, table: str, fmt: str, source: str | None) -> bytes:
    """The rows of a table, of one source only where `source` is given; ValueError for unknown names.

    In CSV, text that a spreadsheet would run as a formula has an apostrophe before it, which the import removes.
    """
    part = table_part(cursor, table, source)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        write(cursor, part, fmt, path)
        return path.read_bytes()


def archive(cursor: duckdb.DuckDBPyConnection, part: Part, fmt: str) -> bytes:
    """The zip file that `write_archive` makes of one part."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{part.name}.zip"
        write_archive(cursor, [part], fmt, path)
        return path.read_bytes()


def table_part(cursor: duckdb.DuckDBPyConnection, table: str, source: str | None = None) -> Part:
    """A table's rows, of one source or dataset only where `source` is given; ValueError for unknown names."""
    where = {} if source is None else {_owner(cursor, table): _key(cursor, source)}
    query, parameters = reading.selection(cursor, table, where)
    if source is not None and not cursor.execute(f"{query} LIMIT 1", parameters).fetchall():
        column = next(iter(where))
        known = cursor.execute(
            f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY 1"
        ).fetchall()
        raise ValueError(unknown(f"source of {table}", source, [str(key) for (key,) in known]))
    return Part(table, query, parameters)


def all_parts(cursor: duckdb.DuckDBPyConnection) -> list[Part]:
    """Every table with all its rows."""
    return [table_part(cursor, table) for table in reading.tables(cursor)]


def write(cursor: duckdb.DuckDBPyConnection, part: Part, fmt: str, path: Path) -> None:
    """Writes the rows to a file as CSV or Parquet; ValueError for another format."""
    if fmt not in FORMATS:
        raise ValueError(unknown("format", fmt, FORMATS))
    found = cursor.sql(part.query, params=list(part.parameters))
    if fmt == "parquet":
        found.write_parquet(str(path))
        return
    cells = [
        f"{guarded_in_sql(name)} AS {name}" if str(kind) == "VARCHAR" else name
        for name, kind in zip(found.columns, found.types, strict=True)
    ]
    found.project(", ".join(cells)).write_csv(str(path), header=True)


def write_archive(cursor: duckdb.DuckDBPyConnection, parts: Sequence[Part], fmt: str, path: Path) -> None:
    """Writes a zip file with the rows of each part, the sources and datasets they come from, and what columns mean."""
    own = [part.name for part in parts]
    whole = [*parts, *(_origin(cursor, table, parts) for table in ORIGINS if table not in own)]
    try:
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in whole:
                file = Path(folder) / f"{part.name}.{fmt}"
                write(cursor, part, fmt, file)
                archive.write(file, file.name)
                file.unlink()
            _explain(cursor, archive, [part.name for part in whole], fmt)
    except OSError as problem:
        raise StoreError(
            f"the archive cannot be written ({problem.strerror or problem}); free some space, or choose another folder"
        ) from problem


def _explain(cursor: duckdb.DuckDBPyConnection, archive: zipfile.ZipFile, names: list[str], fmt: str) -> None:
    meanings = reading.describe(cursor)
    listed = meanings[meanings["table"].isin(names)]
    archive.writestr("columns.csv", listed.to_csv(index=False, lineterminator="\n"))
    archive.writestr("README.txt", _README.format(names=", ".join(names), at=utc_now(), fmt=fmt))


_README = """Exported from Precision Atlas at {at} UTC: {names} ({fmt}).

Every row says under source_id where it is from: a row of sources (papers and software, with the license of the
repository where it was read), or of datasets (files that users imported). columns.csv says what each column means and
in which unit. In CSV, a text that a spreadsheet would run as a formula has an apostrophe before it; an import removes
it.
"""


def _origin(cursor: duckdb.DuckDBPyConnection, table: str, parts: Sequence[Part]) -> Part:
    """The rows of sources or datasets that the rows of the parts come from."""
    key = reading.columns(cursor, table)[0]
    queries, parameters = [], []
    for part in parts:
        if key in cursor.sql(part.query, params=list(part.parameters)).columns:
            queries.append(f"SELECT {key} FROM ({part.query})")
            parameters += part.parameters
    where = f" WHERE {key} IN ({' UNION ALL '.join(queries)})" if queries else " WHERE false"
    names = ", ".join(reading.columns(cursor, table))
    return Part(table, f"SELECT {names} FROM {table}{where} ORDER BY rowid", parameters)


def _key(cursor: duckdb.DuckDBPyConnection, source: str) -> str:
    """The key of a source; a dataset may also be called by its name, unless a source or another dataset has it."""
    named = "SELECT dataset_id FROM datasets WHERE name = $1 AND NOT EXISTS (FROM sources WHERE source_id = $1) LIMIT 2"
    found = cursor.execute(named, [source]).fetchall()
    return found[0][0] if len(found) == 1 else source


def _owner(cursor: duckdb.DuckDBPyConnection, table: str) -> str:
    known = reading.columns(cursor, table)
    for column in ("source_id", "dataset_id"):
        if column in known:
            return column
    raise ValueError(f"the rows of {table} carry no source; export the whole table")
