"""DuckDB's postgres extension: taken from the package that ships it, or from where DuckDB installed it itself."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb

from results_db.errors import StoreError
from results_db.schema import quoted

PACKAGE = "duckdb_extension_postgres_scanner"


def load_postgres(connection: duckdb.DuckDBPyConnection) -> None:
    """Loads the extension without a network; StoreError says how to get it."""
    connection.execute("SET autoinstall_known_extensions = false")
    packaged = _packaged_file()
    try:
        connection.execute(f"LOAD {quoted(str(packaged))}" if packaged else "LOAD postgres_scanner")
    except duckdb.Error as problem:
        why = str(problem).splitlines()[0]
        raise StoreError(
            f"a shared store needs DuckDB's postgres extension, which cannot be loaded ({why}); "
            f"install it with `make team` or `pip install {PACKAGE.replace('_', '-')}=={duckdb.__version__}`"
        ) from problem


def _packaged_file() -> Path | None:
    package = importlib.util.find_spec(PACKAGE)
    folders = [] if package is None else package.submodule_search_locations or []
    name = f"extensions/v{duckdb.__version__}/postgres_scanner.duckdb_extension"
    return next((path for folder in folders if (path := Path(folder) / name).is_file()), None)
