"""How a store of any older schema version becomes one of the newest: one small function per version.

To change the schema, append a function to MIGRATIONS; never edit one that was released.

A migration runs on both engines, a DuckDB file and a shared PostgreSQL database, so it is written in what both know:
- `database.execute(statement, parameters)`, one statement a call, is all it uses; the caller begins and commits.
- CREATE TABLE, ALTER, COMMENT and DROP go to PostgreSQL with their types translated (results_db/shared/dialect.py);
  make tables from Table.statements(). A CHECK uses comparisons, BETWEEN, IN, IS NULL, AND/OR, isfinite and isnan; a
  function that PostgreSQL lacks is added to dialect.FUNCTIONS. No CREATE TABLE AS, sequences, generated columns,
  RETURNING or MERGE.
- SELECT, INSERT, UPDATE and DELETE run in DuckDB on both engines. An INSERT names its columns (or BY NAME), and a
  table that replaces another is filled ORDER BY rowid: rowid is the order of the rows on both engines.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import duckdb

from results_db.errors import StoreError
from results_db.opening import transaction
from results_db.schema import TABLES_V1, Table, quoted
from results_db.schema_capabilities import CAPABILITIES, GLOSSARY, ROW_EVIDENCE
from results_db.schema_cautions import CAUTIONS, REBUILT, RUN_COLUMNS, SHIPPED_DATA
from results_db.schema_curves import DATASETS_V3, LOSS_CURVES
from results_db.schema_evidence import CLAIMS, COVERAGE, EFFICIENCY_RELATION
from results_db.schema_facts import (
    GEMM_MEASURED,
    LAW_FITS,
    LICENSE_COLUMNS,
    LINK_COLUMNS,
    PRICES_ENERGY,
    TRAINING_EFFICIENCY,
    WINDOW_COLUMNS,
)
from results_db.schema_history import DATASETS_V6, DELETED_ROWS, HISTORY, QUALITY_V6
from results_db.schema_laws import RUNS_V8
from results_db.schema_quality import QUALITY
from results_db.schema_sweeps import LR_BATCH_RUNS, MIXTURE_RUNS
from results_db.shared.address import Address


class Database(Protocol):
    """What a migration changes: a connection to a file, or to a shared store."""

    def execute(self, query: str, parameters: object = ..., /) -> duckdb.DuckDBPyConnection: ...


class Migration(Protocol):
    """A function that changes the schema by one version."""

    __name__: str

    def __call__(self, connection: Database, /) -> None: ...


def create(connection: Database, table: Table) -> None:
    """Creates a table with its comments."""
    for statement in table.statements():
        connection.execute(statement)


def rebuild(connection: Database, table: Table) -> None:
    """Replaces a table by one with other constraints or more columns, with all its rows in their order."""
    connection.execute(f"ALTER TABLE {table.name} RENAME TO outgrown")
    create(connection, table)
    connection.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM outgrown ORDER BY rowid")
    connection.execute("DROP TABLE outgrown")


def create_first_tables(connection: Database) -> None:
    """Version 1: the tables of the first release."""
    for table in TABLES_V1:
        create(connection, table)


def add_probe_run(connection: Database) -> None:
    """Version 2: which rows of the probe belong to one run, the only ones whose times may be compared."""
    connection.execute("ALTER TABLE probe_results ADD COLUMN run_id VARCHAR")
    connection.execute(
        "COMMENT ON COLUMN probe_results.run_id IS"
        " 'run of the probe; times of two rows may be compared only within one run'"
    )


def add_loss_curves(connection: Database) -> None:
    """Version 3: loss curves, published and uploaded; files of users may hold curves and quality."""
    create(connection, LOSS_CURVES)
    rebuild(connection, DATASETS_V3)


def add_quality(connection: Database) -> None:
    """Version 4: quality of quantized models, published and uploaded."""
    create(connection, QUALITY)


def add_published_facts(connection: Database) -> None:
    """Version 5: the other tables of published facts, cautions as columns, and which data a store was given.

    Only a store with sources was given shipped data; which, nobody wrote down before this version.
    """
    for table in (
        *(LAW_FITS, GEMM_MEASURED, TRAINING_EFFICIENCY, PRICES_ENERGY, EFFICIENCY_RELATION, COVERAGE, CLAIMS),
        *(CAUTIONS, SHIPPED_DATA),
    ):
        create(connection, table)
    for table in REBUILT:
        rebuild(connection, table)
    for name, kind, comment in RUN_COLUMNS:
        connection.execute(f"ALTER TABLE runs ADD COLUMN {name} {kind}")
        connection.execute(f"COMMENT ON COLUMN runs.{name} IS {quoted(comment)}")
    connection.execute(
        "INSERT INTO shipped_data (digest, loaded_at) SELECT '', ? WHERE EXISTS (SELECT 1 FROM sources)",
        [utc_now()],
    )


def add_history(connection: Database) -> None:
    """Version 6: what users change in their own datasets is kept, what they delete can be restored."""
    for table in (HISTORY, DELETED_ROWS):
        create(connection, table)
    for table in (DATASETS_V6, QUALITY_V6):
        rebuild(connection, table)


def add_windows(connection: Database) -> None:
    """Version 7: which layers of a model attend only to a window of the context, so that caches can be sized."""
    for name, kind, comment in WINDOW_COLUMNS:
        connection.execute(f"ALTER TABLE models ADD COLUMN {name} {kind}")
        connection.execute(f"COMMENT ON COLUMN models.{name} IS {quoted(comment)}")


def add_law_columns(connection: Database) -> None:
    """Version 8: what laws read or predict of a run besides its size, tokens and loss."""
    rebuild(connection, RUNS_V8)


def add_sweeps(connection: Database) -> None:
    """Version 9: published sweeps of learning rate and batch size, and of mixtures of data."""
    for table in (LR_BATCH_RUNS, MIXTURE_RUNS):
        create(connection, table)


def add_capabilities(connection: Database) -> None:
    """Version 10: what the program has to answer, what proves that it does, and its words."""
    for table in (CAPABILITIES, ROW_EVIDENCE, GLOSSARY):
        create(connection, table)


def add_links(connection: Database) -> None:
    """Version 11: how fast the devices of a node send each other data, so that split models can be timed."""
    for name, kind, comment in LINK_COLUMNS:
        connection.execute(f"ALTER TABLE devices ADD COLUMN {name} {kind}")
        connection.execute(f"COMMENT ON COLUMN devices.{name} IS {quoted(comment)}")


def add_licenses(connection: Database) -> None:
    """Version 12: under which license the figures of a source stand, and where that was read."""
    for name, kind, comment in LICENSE_COLUMNS:
        connection.execute(f"ALTER TABLE sources ADD COLUMN {name} {kind}")
        connection.execute(f"COMMENT ON COLUMN sources.{name} IS {quoted(comment)}")


MIGRATIONS: tuple[Migration, ...] = (
    create_first_tables,
    add_probe_run,
    add_loss_curves,
    add_quality,
    add_published_facts,
    add_history,
    add_windows,
    add_law_columns,
    add_sweeps,
    add_capabilities,
    add_links,
    add_licenses,
)
VERSION_TABLE = """
CREATE TABLE IF NOT EXISTS schema_version (
    version INTEGER NOT NULL, migration VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL
)"""
VERSION_COMMENTS = {
    "version": "schema version that the migration led to",
    "migration": "name of the migration",
    "applied_at": "time it was applied [UTC]",
}


def utc_now() -> datetime:
    """The time now [UTC], as the store keeps times: without a time zone, to the second."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def version_of(connection: Database) -> int | None:
    """The schema version of an open database; None when it is not a store of ours."""
    columns = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database()"
        " AND table_name = 'schema_version' AND column_name <> 'rowid'"
    ).fetchall()
    if {name for (name,) in columns} != set(VERSION_COMMENTS):
        return None
    return connection.execute("SELECT max(version) FROM schema_version").fetchall()[0][0]


def migrate(connection: duckdb.DuckDBPyConnection, steps: Sequence[Migration] = MIGRATIONS) -> None:
    """Applies the missing migrations in order, all of them in one transaction or none."""
    with transaction(connection):
        apply_missing(connection, steps)


def apply_missing(connection: Database, steps: Sequence[Migration] = MIGRATIONS) -> None:
    """Applies the missing migrations in order, inside the caller's transaction."""
    connection.execute(VERSION_TABLE)
    connection.execute("COMMENT ON TABLE schema_version IS 'migrations that the store went through'")
    for column, comment in VERSION_COMMENTS.items():
        connection.execute(f"COMMENT ON COLUMN schema_version.{column} IS '{comment}'")
    for number in range((version_of(connection) or 0) + 1, len(steps) + 1):
        step = steps[number - 1]
        step(connection)
        connection.execute(
            "INSERT INTO schema_version (version, migration, applied_at) VALUES (?, ?, ?)",
            [number, step.__name__, utc_now()],
        )


def require_known(version: int | None, place: Path | Address, newest: int = len(MIGRATIONS)) -> None:
    """Raises StoreError for a database that is not ours or that a newer program wrote."""
    if version is None:
        raise StoreError(
            f"{place} is a DuckDB file but not a Precision Atlas store; set PRECISION_ATLAS_DB to another path"
            if isinstance(place, Path)
            else f"the database {place} has a schema precision_atlas that is not a store; use another database"
        )
    if version > newest:
        raise StoreError(
            f"the store {place} has schema version {version}, this program knows versions up to {newest}; "
            "update the program, or set PRECISION_ATLAS_DB to another path"
        )
