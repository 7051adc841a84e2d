"""What holds the tables: one DuckDB file by default, a shared PostgreSQL database when the place is a URL.

DuckDB runs every query in both, so that everything above an engine is the same code.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import duckdb

from results_db.file_engine import FileEngine
from results_db.location import Place
from results_db.shared.address import Address
from results_db.shared.server_engine import ServerEngine


class Engine(Protocol):
    """What Store needs of the place that holds its tables."""

    @property
    def place(self) -> Place:
        """The file's path or the server's address; as text it may be shown to anyone."""
        ...

    def require_there(self) -> None:
        """Raises StoreError when the place is not there any more."""
        ...

    def explained(self) -> AbstractContextManager[None]:
        """A block in which DuckDB's errors become StoreErrors with advice."""
        ...

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor on the tables of a place that is still there; its caller closes it."""
        ...

    def begin(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Begins a transaction that may write: one at a time, wherever the other writers are."""
        ...

    def backup(self, cursor: duckdb.DuckDBPyConnection, target: Path) -> str:
        """The SHA-256 of the copy of the whole store that was written to `target`."""
        ...

    def facts(self, cursor: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        """Size in bytes and versions of what holds the rows."""
        ...

    def close(self) -> None:
        """Lets go of the place; a later call raises StoreError."""
        ...


def open_engine(place: Place) -> Engine:
    """The engine at a place, made from the shipped data on first use."""
    return ServerEngine.open(place) if isinstance(place, Address) else FileEngine.open(place)


def create_engine(place: Place, shipped: bool) -> Engine:
    """A new store at a place where none is, empty unless `shipped`."""
    return ServerEngine.create(place, shipped) if isinstance(place, Address) else FileEngine.create(place, shipped)
