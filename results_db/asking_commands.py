"""Verbs that hand out more than one table: `export-all` and `sql`; every function returns the exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from results_db.formulas import safe_cells
from results_db.sandbox.sandbox import MOST_ROWS
from results_db.store import Store


def add(verb: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds both verbs to the command line."""
    whole = verb("export-all", export_all, "write all tables with their sources to a new .duckdb or .zip file", False)
    whole.add_argument("file", metavar="FILE")
    whole.add_argument("--format", choices=("csv", "parquet"), default="csv", help="of the tables in a zip file")
    asking = verb("sql", sql, "answer one SELECT on a copy of all tables, as CSV; it can change nothing", False)
    asking.add_argument("query", metavar="QUERY", help="- reads standard input")
    asking.add_argument("--rows", type=int, default=MOST_ROWS, metavar="N", help=f"at most; default {MOST_ROWS}")


def export_all(asked: argparse.Namespace) -> int:
    """Writes every table to one file."""
    with Store.open(asked.db) as store:
        store.export_all(asked.file, asked.format)
    print(asked.file)
    return 0


def sql(asked: argparse.Namespace) -> int:
    """Prints the answer to a query."""
    query = sys.stdin.read() if asked.query == "-" else asked.query
    with Store.open(asked.db) as store:
        answer = store.ask(query, asked.rows)
    if answer.problem:
        print(answer.problem, file=sys.stderr)
        return 1
    sys.stdout.buffer.write(safe_cells(answer.rows).to_csv(index=False, lineterminator="\n").encode())
    sys.stdout.buffer.flush()
    if answer.is_cut:
        print(f"these are the first {len(answer.rows):,} rows; there are more", file=sys.stderr)
    return 0
