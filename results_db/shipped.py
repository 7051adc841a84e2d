"""The published facts that come with the program: loaded into a new store, and into one that was given older ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable

import duckdb

from results_db.migrations import utc_now

# Table -> (file or folder under results_db/data, value of `origin` or None where users have no rows in the table).
SHIPPED = {
    "sources": ("sources.csv", None),
    "cautions": ("cautions.csv", None),
    "methods": ("methods.csv", None),
    "runs": ("runs", "published"),
    "loss_curves": ("loss_curves.parquet", "published"),
    "law_coefficients": ("law_coefficients.csv", None),
    "law_fits": ("law_fits.csv", None),
    "efficiency_relation": ("efficiency_relation.csv", None),
    "lr_batch_runs": ("lr_batch_runs.parquet", None),
    "mixture_runs": ("mixture_runs.parquet", None),
    "quality": ("quality.parquet", "published"),
    "throughput": ("throughput.csv", None),
    "gemm_measured": ("gemm_measured.csv", None),
    "training_efficiency": ("training_efficiency.parquet", None),
    "devices": ("devices.csv", None),
    "prices_energy": ("prices_energy.csv", None),
    "models": ("models.csv", None),
    "coverage": ("coverage.csv", None),
    "claims": ("claims.csv", None),
    "capabilities": ("capabilities.csv", None),
    "row_evidence": ("row_evidence.csv", None),
    "glossary": ("glossary.csv", None),
}
# How a file is read: every cell as text, so that the table's types and CHECKs judge it.
_READERS = {
    ".csv": "read_csv(?, header=true, delim=',', quote='\"', escape='\"', all_varchar=true, nullstr='',"
    " encoding='utf-8', strict_mode=true)",
    ".parquet": "read_parquet(?)",
}


def data_files(entry: str) -> list[Traversable]:
    """The files of one entry of SHIPPED, in name order."""
    place = resources.files("results_db") / "data" / entry
    if place.is_dir():
        return sorted((file for file in place.iterdir() if file.name.endswith(".csv")), key=lambda file: file.name)
    return [place]


def digest() -> str:
    """SHA-256 over the names and bytes of every shipped file, in hexadecimal."""
    found = hashlib.sha256()
    for table, file in _files():
        content = file.read_bytes()
        found.update(f"{table}/{file.name}/{len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()


def load_shipped(connection: duckdb.DuckDBPyConnection) -> None:
    """Fills the tables of a new store; every value is checked against the table's types and CHECKs."""
    for table, file in _files():
        with resources.as_file(file) as path:
            _load(connection, table, str(path))
    connection.execute("INSERT INTO shipped_data (digest, loaded_at) VALUES (?, ?)", [digest(), utc_now()])


def outdated(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a store was given published rows, and others than this program's."""
    given = connection.execute("SELECT digest FROM shipped_data").fetchall()
    return bool(given) and given != [(digest(),)]


def replace_shipped(connection: duckdb.DuckDBPyConnection) -> None:
    """Replaces the published rows by this program's, inside the caller's transaction; users' rows stay."""
    for table, (_, origin) in SHIPPED.items():
        published = f" WHERE dataset_id IS NULL AND origin = '{origin}'" if origin else ""
        connection.execute(f"DELETE FROM {table}{published}")
    connection.execute("DELETE FROM shipped_data")
    load_shipped(connection)


def _files() -> Iterator[tuple[str, Traversable]]:
    for table, (entry, _) in SHIPPED.items():
        for file in data_files(entry):
            yield table, file


def _load(connection: duckdb.DuckDBPyConnection, table: str, path: str) -> None:
    origin = SHIPPED[table][1]
    extra = f", '{origin}' AS origin" if origin else ""
    reader = next(reader for ending, reader in _READERS.items() if path.endswith(ending))
    connection.execute(f"INSERT INTO {table} BY NAME SELECT *{extra} FROM {reader}", [path])
