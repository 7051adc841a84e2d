"""The store in a PostgreSQL database that DuckDB has attached: many processes read and write at once."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import duckdb

from results_db.errors import StoreError
from results_db.migrations import MIGRATIONS, VERSION_TABLE, apply_missing, require_known, version_of
from results_db.opening import quiet, transaction
from results_db.reading import row_counts, tables
from results_db.schema import quoted
from results_db.shared.address import Address
from results_db.shared.dialect import (
    DATABASE,
    FUNCTIONS,
    SCHEMA,
    MigratingCursor,
    ask_server,
    definition,
    on_server,
)
from results_db.shared.extension import load_postgres
from results_db.shared.sentences import LOCK_TIMEOUT_S, explained_server
from results_db.shipped import load_shipped, outdated, replace_shipped

OLDEST_SERVER = 12  # major version; older ones get no fixes since 2023
_SETUP_LOCK = 7205759403792794  # any number that no other program takes; held while the first table is made
_FIRST_TABLE = f"{SCHEMA}.schema_version"


class ServerEngine:
    """An attached database. Writers take turns by a lock on one of its tables; readers never wait."""

    def __init__(self, address: Address) -> None:
        self.place = address
        self._connection = _attached(address)

    @classmethod
    def open(cls, address: Address, shipped: bool = True) -> ServerEngine:
        """The store at an address, made by whichever process comes first: from the shipped data, or empty."""
        return cls._with_tables(address, shipped, new=False)

    @classmethod
    def create(cls, address: Address, shipped: bool) -> ServerEngine:
        """A new store at an address; StoreError when its database holds one already."""
        return cls._with_tables(address, shipped, new=True)

    @classmethod
    def _with_tables(cls, address: Address, shipped: bool, new: bool) -> ServerEngine:
        engine = cls(address)
        try:
            with engine.explained():
                engine._require_usable_server()
                engine._make_tables(shipped, new)
            return engine
        except BaseException:
            engine.close()
            raise

    def close(self) -> None:
        """Lets go of the server; a later call raises StoreError."""
        self._connection.close()

    def require_there(self) -> None:
        """Raises StoreError when the server does not answer."""
        with self.explained():
            self.cursor().close()

    def explained(self) -> AbstractContextManager[None]:
        """A block in which DuckDB's errors become StoreErrors with advice."""
        return explained_server(self.place)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor on the tables; its caller closes it."""
        cursor = self._connection.cursor()
        cursor.execute(f"USE {DATABASE}.{SCHEMA}")
        return cursor

    def begin(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Begins a transaction that may write, alone among all programs, and sees all that others have written."""
        _begin_alone(cursor)
        version = cursor.execute("SELECT max(version) FROM schema_version").fetchall()[0][0]
        if version != len(MIGRATIONS):
            raise StoreError(
                f"a newer program has changed the tables of the shared store {self.place} (version {version}, this "
                f"one knows {len(MIGRATIONS)}); update this program and start it again"
            )

    def backup(self, cursor: duckdb.DuckDBPyConnection, target: Path) -> str:
        """Raises StoreError: a server is backed up by its own tools, or copied to a file."""
        raise StoreError(
            f"the shared store {self.place} is backed up by its server (pg_dump --schema={SCHEMA}); "
            f"`python -m results_db copy-to {target}` copies it to a file"
        )

    def facts(self, cursor: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        """Size in bytes and versions of what holds the rows."""
        size, server = ask_server(
            cursor,
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint AS size,"
            " current_setting('server_version') AS name"
            f" FROM pg_class WHERE relkind = 'r' AND relnamespace = '{SCHEMA}'::regnamespace",
        )
        return {"size_bytes": size, "duckdb": duckdb.__version__, "postgresql": server}

    def _require_usable_server(self) -> None:
        version, name, encoding = ask_server(
            self._connection,
            "SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS name,"
            " current_setting('server_encoding') AS encoding",
        )
        if version < OLDEST_SERVER * 10000:
            raise StoreError(
                f"the server of the shared store {self.place} is PostgreSQL {name}; a shared store needs "
                f"{OLDEST_SERVER} or newer"
            )
        if encoding != "UTF8":
            raise StoreError(
                f"the database of the shared store {self.place} keeps text in {encoding}; create one with "
                "`createdb --encoding=UTF8 --template=template0` and set PRECISION_ATLAS_DB to it"
            )

    def _make_tables(self, shipped: bool, new: bool) -> None:
        if not ask_server(self._connection, f"SELECT to_regclass('{_FIRST_TABLE}') IS NOT NULL")[0]:
            _make_first_table(self._connection)
        self._connection.execute("CALL pg_clear_cache()")
        cursor = self.cursor()
        try:
            if new or self._version(cursor) != len(MIGRATIONS) or outdated(cursor):
                self._bring_up_to_date(cursor, shipped, new)
        finally:
            cursor.close()

    def _bring_up_to_date(self, cursor: duckdb.DuckDBPyConnection, shipped: bool, new: bool) -> None:
        with transaction(cursor, _begin_alone):
            before = self._version(cursor)
            if new and before:
                raise StoreError(f"{self.place} holds a store already; open it as it is, or choose another database")
            migrating = MigratingCursor(cursor)
            apply_missing(migrating)
            migrating.send()
            on_server(cursor, *(_GO_ON_AFTER.format(table=f"{SCHEMA}.{name}") for name in tables(cursor)))
            if shipped and not before:
                load_shipped(cursor)
            elif outdated(cursor):
                replace_shipped(cursor)

    def _version(self, cursor: duckdb.DuckDBPyConnection) -> int:
        """The schema version; 0 where nothing but the first table was made."""
        if tables(cursor) == ["schema_version"] and not row_counts(cursor)["schema_version"]:
            return 0
        version = version_of(cursor)
        require_known(version, self.place)
        return version or 0


# A table that a migration filled anew keeps the order of its rows; the next row comes after them.
_GO_ON_AFTER = (
    "SELECT setval(pg_get_serial_sequence('{table}', 'rowid'), coalesce(max(rowid), 0) + 1, false) FROM {table}"
)


def _attached(address: Address) -> duckdb.DuckDBPyConnection:
    connection = quiet(duckdb.connect())
    try:
        load_postgres(connection)
        with explained_server(address):
            secret = ""
            if address.password is not None:
                connection.execute(f"CREATE SECRET {DATABASE} (TYPE postgres, PASSWORD {quoted(address.password)})")
                secret = f", SECRET {DATABASE}"
            connection.execute(
                f"ATTACH {quoted(address.conninfo)} AS {DATABASE} (TYPE postgres, SCHEMA '{SCHEMA}'{secret})"
            )
        return connection
    except BaseException:
        connection.close()
        raise


def _make_first_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the schema and the table that writers lock; programs that come at once wait for each other."""
    on_server(
        connection,
        "BEGIN",
        f"SELECT pg_advisory_xact_lock({_SETUP_LOCK})",
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
        *(function.format(schema=SCHEMA) for function in FUNCTIONS),
        definition(VERSION_TABLE),
        "COMMIT",
        own_transaction=True,
    )


def _begin_alone(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.execute("BEGIN")
    # A lock on a table is taken before the transaction's snapshot: what the last writer left is seen.
    on_server(cursor, f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'", f"LOCK TABLE {_FIRST_TABLE} IN EXCLUSIVE MODE")
