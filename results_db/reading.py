"""Questions to the store: rows by equality, published coefficients, what is in it, whether it is sound."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd

from results_db.errors import unknown

# Columns of the store's tables. Name them in a query, never SELECT *: on a server a table has one column more, rowid,
# the order of its rows, which a file keeps by itself.
_STORED = "database_name = current_database() AND column_name <> 'rowid'"


def tables(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of the store's tables, in alphabetic order."""
    rows = cursor.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() ORDER BY table_name"
    )
    return [name for (name,) in rows.fetchall()]


def columns(cursor: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """The column names of a table, in order; ValueError for an unknown table."""
    known = tables(cursor)
    if table not in known:
        raise ValueError(unknown("table", table, known))
    rows = cursor.execute(
        f"SELECT column_name FROM duckdb_columns() WHERE {_STORED} AND table_name = ? ORDER BY column_index",
        [table],
    )
    return [name for (name,) in rows.fetchall()]


def rows(cursor: duckdb.DuckDBPyConnection, table: str, equals: dict[str, Any]) -> pd.DataFrame:
    """The rows of `table` whose columns equal the given values (a list: any of them; None: missing)."""
    return cursor.execute(*selection(cursor, table, equals)).df()


def selection(cursor: duckdb.DuckDBPyConnection, table: str, equals: dict[str, Any]) -> tuple[str, list[Any]]:
    """The query for `rows` and its parameters; ValueError for an unknown table or column."""
    known = columns(cursor, table)
    conditions, parameters = [], []
    for column, value in equals.items():
        if column not in known:
            raise ValueError(unknown(f"column of {table}", column, known))
        condition, values = _condition(column, value)
        conditions.append(condition)
        parameters += values
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join(known)} FROM {table}{where} ORDER BY rowid", parameters


def _condition(column: str, value: Any) -> tuple[str, list[Any]]:
    if value is None:
        return f"{column} IS NULL", []
    if isinstance(value, (list, tuple, set, frozenset, np.ndarray, pd.Series, pd.Index)):
        values = [_plain(item) for item in value]
        return (f"{column} IN ({', '.join('?' * len(values))})", values) if values else ("false", [])
    return f"{column} = ?", [_plain(value)]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def coefficient_sets(cursor: duckdb.DuckDBPyConnection, law: str | None) -> pd.DataFrame:
    """Every published coefficient of a law, one symbol a row, the default set first; empty when there is none."""
    names = ", ".join(columns(cursor, "law_coefficients"))
    where, parameters = (" WHERE law = ?", [law]) if law is not None else ("", [])
    return cursor.execute(f"SELECT {names} FROM law_coefficients{where} ORDER BY law, rank, rowid", parameters).df()


def coefficients(
    cursor: duckdb.DuckDBPyConnection, law: str, source: str | None, variant: str | None
) -> dict[str, float]:
    """One published set as {symbol: value}: the one asked for, else the law's first.

    ValueError names the laws, sources or variants that exist.
    """
    from analysis.laws import LAWS  # half of what an import of this package would take

    chosen = coefficient_sets(cursor, None)
    if law in LAWS and law not in set(chosen["law"]):
        raise ValueError(f"law {law} has no published coefficients; fit it on runs, or give values of your own")
    for column, word in (("law", law), ("source_id", source), ("variant", variant)):
        if word is None:
            continue
        known = list(dict.fromkeys(chosen[column]))
        if word not in known:
            raise ValueError(f"no published coefficients: {unknown(column, word, known)}")
        chosen = chosen[chosen[column] == word]
    first = chosen.iloc[0]
    chosen = chosen[(chosen["source_id"] == first["source_id"]) & (chosen["variant"] == first["variant"])]
    return {symbol: float(value) for symbol, value in zip(chosen["symbol"], chosen["value"], strict=True)}


def describe(cursor: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The data dictionary: table, column, type, comment, one row per column of the store."""
    return cursor.execute(
        'SELECT table_name AS "table", column_name AS "column", data_type AS "type", comment AS "comment"'
        f" FROM duckdb_columns() WHERE {_STORED} ORDER BY table_name, column_index"
    ).df()


def summary(cursor: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Every table of the store with what it holds and how many rows: table, meaning, rows."""
    found = cursor.execute(
        'SELECT table_name AS "table", comment AS meaning FROM duckdb_tables()'
        " WHERE database_name = current_database() ORDER BY table_name"
    ).df()
    return found.assign(rows=found["table"].map(row_counts(cursor)))


def first_rows(
    cursor: duckdb.DuckDBPyConnection, table: str, limit: int, equals: dict[str, Any] | None = None
) -> pd.DataFrame:
    """The first of the rows that `rows` would return, at most `limit`; ValueError for an unknown table or column."""
    query, parameters = selection(cursor, table, equals or {})
    return cursor.execute(f"{query} LIMIT {int(limit)}", parameters).df()


def row_counts(cursor: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows per table."""
    return {name: cursor.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in tables(cursor)}


_SHARED_WITH_USERS = ("runs", "loss_curves", "quality")  # tables of published and uploaded rows
_PUBLISHED_ONLY = (
    *("methods", "law_coefficients", "law_fits", "efficiency_relation", "throughput", "gemm_measured"),
    *("training_efficiency", "devices", "prices_energy", "models", "coverage", "claims"),
    *("lr_batch_runs", "mixture_runs", "glossary"),
)

# Rows that must not exist: (sentence with {n}, query that counts them).
RULES = (
    *(
        (
            f"{{n}} rows of {table} carry a source_id that is neither in sources nor in datasets",
            f"SELECT count(*) FROM {table} WHERE source_id NOT IN (SELECT source_id FROM sources)"
            " AND source_id NOT IN (SELECT dataset_id FROM datasets)",
        )
        for table in _SHARED_WITH_USERS
    ),
    *(
        (
            f"{{n}} rows of {table} carry a source_id that is not in sources",
            f"SELECT count(*) FROM {table} WHERE source_id NOT IN (SELECT source_id FROM sources)",
        )
        for table in _PUBLISHED_ONLY
    ),
    *(
        (
            f"{{n}} rows of {table} belong to a dataset that is not there",
            f"SELECT count(*) FROM {table} WHERE dataset_id IS NOT NULL"
            " AND dataset_id NOT IN (SELECT dataset_id FROM datasets)",
        )
        for table in (*_SHARED_WITH_USERS, "probe_results")
    ),
    *(
        (
            f"{{n}} rows of {table} carry a row_id that is not in capabilities",
            f"SELECT count(*) FROM {table} WHERE row_id NOT IN (SELECT row_id FROM capabilities)",
        )
        for table in ("row_evidence", "glossary")
    ),
    (
        "{n} points of loss curves stand there twice",
        "SELECT coalesce(sum(points - 1), 0) FROM (SELECT count(*) AS points FROM loss_curves"
        " GROUP BY source_id, curve_id, loss_name, step)",
    ),
    *(
        (
            f"{{n}} datasets of {table} do not have the number of rows that their import recorded",
            f"SELECT count(*) FROM datasets d WHERE kind = '{table}'"
            f" AND n_rows <> (SELECT count(*) FROM {table} r WHERE r.dataset_id = d.dataset_id)",
        )
        for table in _SHARED_WITH_USERS
    ),
)


def problems(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """What is wrong with the content, one sentence each; reads every value of every table."""
    found = []
    for name in tables(cursor):
        cursor.execute(f"SELECT bit_xor(hash({name})) FROM {name}").fetchall()
    for sentence, query in RULES:
        count = cursor.execute(query).fetchall()[0][0]
        if count:
            found.append(sentence.format(n=count))
    return found
