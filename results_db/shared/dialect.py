"""The statements of the schema as PostgreSQL reads them, made from the ones that DuckDB reads.

Statements that define things (CREATE, ALTER, COMMENT, DROP) go to the server; all others run in DuckDB.
Every table gets one more column, `rowid`: the order in which its rows came, which a DuckDB file keeps by itself.
"""

from __future__ import annotations

import re
from typing import Any

import duckdb

DATABASE = "atlas"  # the name under which DuckDB knows the attached database
SCHEMA = "precision_atlas"  # the schema in the server's database that holds the tables
ORDER = "rowid BIGINT GENERATED ALWAYS AS IDENTITY"

# DuckDB's type -> PostgreSQL's, where the same word is unknown there or means something else.
TYPES = {
    "DOUBLE": "DOUBLE PRECISION",
    "FLOAT": "REAL",
    "TINYINT": "SMALLINT",
    "UTINYINT": "SMALLINT",
    "USMALLINT": "INTEGER",
    "UINTEGER": "BIGINT",
    "UBIGINT": "NUMERIC(20)",
    "HUGEINT": "NUMERIC(39)",
    "BLOB": "BYTEA",
    "STRING": "TEXT",
    "DATETIME": "TIMESTAMP",
}
# DuckDB's functions in CHECKs that PostgreSQL lacks.
FUNCTIONS = (
    "CREATE OR REPLACE FUNCTION {schema}.isfinite(x double precision) RETURNS boolean LANGUAGE sql IMMUTABLE"
    " AS $$ SELECT x > '-Infinity'::float8 AND x < 'Infinity'::float8 $$",
    "CREATE OR REPLACE FUNCTION {schema}.isnan(x double precision) RETURNS boolean LANGUAGE sql IMMUTABLE"
    " AS $$ SELECT x = 'NaN'::float8 $$",
)
_DEFINES = re.compile(r"\s*(CREATE|ALTER|COMMENT|DROP)\b", re.IGNORECASE)
_CREATES_TABLE = re.compile(r"\s*CREATE\s+TABLE\b", re.IGNORECASE)
_TEXT_OR_TYPE = re.compile(rf"'(?:[^']|'')*'|\b({'|'.join(TYPES)})\b(?!\s+PRECISION)", re.IGNORECASE)


def translated(statement: str) -> str:
    """A DuckDB statement that defines something, as PostgreSQL reads it."""
    typed = _TEXT_OR_TYPE.sub(lambda found: TYPES[found[1].upper()] if found[1] else found[0], statement)
    if not _CREATES_TABLE.match(typed):
        return typed
    before, bracket, after = typed.rpartition(")")
    return f"{before}, {ORDER}{bracket}{after}"


def definition(statement: str) -> str:
    """The statement in PostgreSQL's words, for objects in our schema; for inside a transaction."""
    return f"SET LOCAL search_path TO {SCHEMA}; {translated(statement)}"


def on_server(cursor: duckdb.DuckDBPyConnection, *statements: str, own_transaction: bool = False) -> None:
    """Runs statements in the server's own words, in the cursor's transaction unless in one of their own."""
    cursor.execute(
        f"CALL postgres_execute('{DATABASE}', ?, use_transaction = {not own_transaction})", ["; ".join(statements)]
    )


def ask_server(cursor: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The one row that a query in the server's own words returns."""
    return cursor.execute(f"SELECT * FROM postgres_query('{DATABASE}', ?)", [query]).fetchall()[0]


class MigratingCursor:
    """A cursor on a shared store that understands DuckDB's definitions of tables.

    Definitions are collected, and sent in one piece before the first statement that is none.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._collected: list[str] = []

    def execute(self, query: str, parameters: object = None) -> duckdb.DuckDBPyConnection:
        """Runs a statement where it belongs, or collects it."""
        if _DEFINES.match(query):
            self._collected.append(query)
            return self._cursor
        self.send()
        return self._cursor.execute(query, parameters)

    def send(self) -> None:
        """Sends what was collected; what it defines is there afterwards."""
        if self._collected:
            on_server(self._cursor, *map(definition, self._collected))
            self._collected = []
            self._cursor.execute("CALL pg_clear_cache()")
