"""A whole store copied to another place, from a file to a server or back: all of it and verified, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow

from results_db.drafts import new_file
from results_db.engine import Engine
from results_db.errors import StoreError
from results_db.file_engine import FileEngine
from results_db.location import Place, require_usable
from results_db.opening import transaction
from results_db.reading import describe, tables
from results_db.shared.address import Address
from results_db.shared.server_engine import ServerEngine
from results_db.shipped import SHIPPED

BATCH_ROWS = 100_000
OWN = ("schema_version",)  # what a place knows about itself is not copied


@dataclass(frozen=True)
class Content:
    """How many rows a table has, and a number made from every value of them in their order."""

    rows: int
    digest: int


def copy_store(source: Engine, place: Place) -> dict[str, int]:
    """Rows per table that `place` holds as `source` does, copied now or there already; StoreError says why not.

    A file must not exist yet. A database may hold published rows, which are replaced, but nothing of a user.
    """
    return _to_server(source, place) if isinstance(place, Address) else _to_file(source, place)


def _to_server(source: Engine, address: Address) -> dict[str, int]:
    target = ServerEngine.open(address, shipped=False)
    try:
        return _copied(source, target)
    finally:
        target.close()


def _to_file(source: Engine, path: Path) -> dict[str, int]:
    require_usable(path)
    with new_file(path, "copy") as draft:
        target = FileEngine.create(draft, shipped=False)
        try:
            return _copied(source, target)
        finally:
            target.close()


def _copied(source: Engine, target: Engine) -> dict[str, int]:
    with source.explained():
        read = source.cursor()
    with closing(read), transaction(read), target.explained(), closing(target.cursor()) as write:
        with source.explained():
            listed = _listed(read)
            wanted = contents(read, listed)
        with transaction(write, target.begin):
            if contents(write, listed) != wanted:
                _require_no_user_data(target, write)
                for name, names in listed.items():
                    write.execute(f"DELETE FROM {name}")
                    for batch in _batches(source, read, name, names):
                        _insert(write, name, batch)
                _verify(contents(write, listed), wanted, target.place)
    return {name: found.rows for name, found in wanted.items()}


def _listed(cursor: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The tables that are copied and the names of their columns, as a query lists them."""
    grouped = describe(cursor).groupby("table")["column"]
    return {str(table): ", ".join(names) for table, names in grouped if table not in OWN}


def contents(cursor: duckdb.DuckDBPyConnection, listed: dict[str, str]) -> dict[str, Content]:
    """What tables hold, as two numbers that are equal where all rows, their values and their order are."""
    found = {}
    for table, names in listed.items():
        rows, digest = cursor.execute(
            f"SELECT count(*), coalesce(sum(hash(position, {names})::HUGEINT), 0)"
            f" FROM (SELECT row_number() OVER (ORDER BY rowid) AS position, {names} FROM {table})"
        ).fetchall()[0]
        found[table] = Content(rows, int(digest))
    return found


def _batches(
    source: Engine, cursor: duckdb.DuckDBPyConnection, table: str, names: str
) -> Iterator[pyarrow.RecordBatch]:
    with source.explained():
        yield from cursor.sql(f"SELECT {names} FROM {table} ORDER BY rowid").to_arrow_reader(BATCH_ROWS)


def _insert(cursor: duckdb.DuckDBPyConnection, table: str, batch: pyarrow.RecordBatch) -> None:
    cursor.register("incoming", pyarrow.Table.from_batches([batch]))
    cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
    cursor.unregister("incoming")


def _require_no_user_data(target: Engine, cursor: duckdb.DuckDBPyConnection) -> None:
    for name in tables(cursor):
        if name in (*OWN, "shipped_data"):
            continue
        _, origin = SHIPPED.get(name, ("", ""))
        published = f"dataset_id IS NULL AND origin = '{origin}'" if origin else str(name in SHIPPED)
        if cursor.execute(f"SELECT count(*) FROM {name} WHERE NOT ({published})").fetchall() != [(0,)]:
            raise StoreError(
                f"{target.place} holds rows of users already (table {name}); copy into an empty database, or share the "
                "datasets of this store one by one (`python -m results_db datasets share`) and import them there. "
                "Nothing was copied"
            )


def _verify(found: dict[str, Content], wanted: dict[str, Content], place: Place) -> None:
    wrong = [name for name, expected in wanted.items() if found[name] != expected]
    if wrong:
        raise StoreError(f"the copy in {place} differs from the original in {', '.join(wrong)}; nothing was copied")
