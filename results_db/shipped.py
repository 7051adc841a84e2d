"""The published facts that come with the program, loaded into a new store."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable

import duckdb

# Table -> (file or folder under results_db/data, value of `origin` or None where the table has no such column).
SHIPPED = {
    "sources": ("sources.csv", None),
    "methods": ("methods.csv", None),
    "runs": ("runs", "published"),
    "law_coefficients": ("law_coefficients.csv", None),
    "throughput": ("throughput.csv", None),
    "devices": ("devices.csv", None),
    "models": ("models.csv", None),
}


def data_files(entry: str) -> list[Traversable]:
    """The CSV files of one entry of SHIPPED, in name order."""
    place = resources.files("results_db") / "data" / entry
    if place.is_dir():
        return sorted((file for file in place.iterdir() if file.name.endswith(".csv")), key=lambda file: file.name)
    return [place]


def load_shipped(connection: duckdb.DuckDBPyConnection) -> None:
    """Fills the tables of a new store; every value is checked against the table's types and CHECKs."""
    for table, (entry, origin) in SHIPPED.items():
        for file in data_files(entry):
            with resources.as_file(file) as path:
                _load(connection, table, str(path), origin)


def _load(connection: duckdb.DuckDBPyConnection, table: str, path: str, origin: str | None) -> None:
    extra = f", '{origin}' AS origin" if origin else ""
    connection.execute(
        f"INSERT INTO {table} BY NAME SELECT *{extra} FROM read_csv(?, header=true, delim=',', quote='\"',"
        " escape='\"', all_varchar=true, nullstr='', encoding='utf-8', strict_mode=true)",
        [path],
    )
