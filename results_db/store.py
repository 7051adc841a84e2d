"""The results store: one file or one shared database, one connection per process, a cursor per call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from results_db import attribution, deleting, editing, exporting, history, reading, sharing, writing
from results_db.access import Access
from results_db.browsing import Runs
from results_db.copying import copy_store
from results_db.drafts import new_file
from results_db.engine import Engine, create_engine, open_engine
from results_db.evaluations import Evaluations
from results_db.importers.preview import Preview
from results_db.importers.problems import dataset_name
from results_db.importers.reader import read
from results_db.location import Place, absolute, default_place, place_of
from results_db.migrations import version_of
from results_db.opening import WRITE_LOCK
from results_db.sandbox.process import Answer
from results_db.sandbox.sandbox import MOST_ROWS, Sandbox
from results_db.snapshot import write_snapshot


class Store:
    """An open store. Safe to share between threads; every call checks that the store is still there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._access = Access(engine)
        self._sandbox = Sandbox(self.write_snapshot, lambda: self.state)

    @classmethod
    def open(cls, place: Path | str | None = None) -> Store:
        """The store at a path or URL (default_place() when None), made from the shipped data on first use."""
        return cls(open_engine(default_place() if place is None else place_of(place)))

    @classmethod
    def create(cls, place: Path | str, shipped: bool = True) -> Store:
        """A new store at `place`, empty unless `shipped`; StoreError when something is there already."""
        return cls(create_engine(place_of(place), shipped))

    @property
    def path(self) -> Place:
        """The store's file, or the address of its server, which shows no password as text."""
        return self._engine.place

    def close(self) -> None:
        """Lets go of the store; a later call raises StoreError."""
        self._sandbox.close()
        with WRITE_LOCK:
            self._engine.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def require_there(self) -> None:
        """Raises StoreError when the file was moved, deleted or replaced since, or the server does not answer."""
        self._engine.require_there()

    @property
    def state(self) -> tuple[int, int]:
        """Equal as long as no row has changed; where other programs may write, for a minute at most."""
        return self._access.state

    def ask(self, sql: str, rows: int = MOST_ROWS) -> Answer:
        """The answer to anybody's SELECT on a copy of all tables, at most `rows` rows of it.

        It runs in a process that can read that copy and nothing else, and is stopped after 10 s.
        """
        return self._sandbox.ask(sql, rows)

    def write_snapshot(self, path: Path) -> None:
        """Writes all tables as they are now to a new DuckDB file, with their comments, without keys and checks."""
        with self._access.connected() as cursor:
            write_snapshot(cursor, path)

    @property
    def runs(self) -> Runs:
        """The runs counted, drawn and listed inside the store, however many they are."""
        return Runs(self._access.reading)

    @property
    def evaluations(self) -> Evaluations:
        """The evaluations of quantized models, each beside its 16-bit value."""
        return Evaluations(self._access.reading)

    def table(self, name: str, /, **equals: Any) -> pd.DataFrame:
        """The rows of a table, in stored order, whose columns equal the given values.

        A list means any of its values, None means missing. ValueError for an unknown table or column.
        """
        with self._access.reading() as cursor:
            return reading.rows(cursor, name, equals)

    def coefficient_sets(self, law: str | None = None) -> pd.DataFrame:
        """Published coefficients of a law (of all laws when None), one symbol a row, the default set first."""
        with self._access.reading() as cursor:
            return reading.coefficient_sets(cursor, law)

    def coefficients(self, law: str, source: str | None = None, variant: str | None = None) -> dict[str, float]:
        """One published coefficient set, {symbol: value}; the law's default when nothing else is said."""
        with self._access.reading() as cursor:
            return reading.coefficients(cursor, law, source, variant)

    def describe(self) -> pd.DataFrame:
        """The data dictionary: table, column, type, comment."""
        with self._access.reading() as cursor:
            return reading.describe(cursor)

    def tables(self) -> pd.DataFrame:
        """Every table with what it holds and how many rows: table, meaning, rows."""
        with self._access.reading() as cursor:
            return reading.summary(cursor)

    def rows_by_source(self) -> pd.DataFrame:
        """Published rows of every source in every table that has some: source_id, table_name, n_rows."""
        with self._access.reading() as cursor:
            return attribution.rows_by_source(cursor)

    def first_rows(self, table: str, limit: int, /, **equals: Any) -> pd.DataFrame:
        """The first of the rows that `table` would return, at most `limit`."""
        with self._access.reading() as cursor:
            return reading.first_rows(cursor, table, limit, equals)

    def datasets(self) -> pd.DataFrame:
        """The user's imports, the newest first."""
        stored = self.table("datasets")[::-1]
        return stored.sort_values("imported_at", ascending=False, kind="stable", ignore_index=True)

    def status(self) -> dict[str, Any]:
        """Place, schema version, size in bytes, versions and rows per table."""
        with self._access.reading() as cursor:
            return {
                "path": str(self.path),
                "schema_version": version_of(cursor),
                **self._engine.facts(cursor),
                "rows": reading.row_counts(cursor),
            }

    def add_probe_results(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """How many of these rows of a probe on this machine were new; all are added, or ValueError says why none."""
        frame = writing.measured_frame(rows)
        with self._access.writing() as cursor:
            return writing.add_probe_rows(cursor, frame, "measured", None)

    def preview(
        self,
        filename: str,
        data: bytes | Path,
        mapping: dict[str, str] | None = None,
        facts: dict[str, str] | None = None,
    ) -> Preview:
        """What a file would add to the store; nothing is stored.

        `mapping` says which uploaded column is which of ours, "" to ignore one; `facts` answers the preview's
        questions by their names. ValueError for unknown names.
        """
        found = read(filename, data, mapping, facts)
        with self._access.reading() as cursor:
            return writing.with_what_is_known(cursor, found)

    def commit(self, preview: Preview, name: str | None = None, skip_bad_rows: bool = False) -> str:
        """The dataset_id of a preview's rows, all stored now or there already; ValueError says why not."""
        if preview.blocking:
            raise ValueError(f"nothing was imported: {preview.blocking}")
        if len(preview.problems) and not skip_bad_rows:
            raise ValueError(
                f"nothing was imported: {preview.sentences()[0]}; correct the file, or import the "
                f"{len(preview.rows)} good rows by themselves"
            )
        with self._access.writing() as cursor:
            return writing.add_dataset(cursor, preview, dataset_name(name or preview.default_name))

    def export(self, table: str, fmt: str = "csv", source: str | None = None) -> bytes:
        """A table as CSV or Parquet, of one source only where `source` is given."""
        with self._access.reading() as cursor:
            return exporting.export(cursor, table, fmt, source)

    def archive(self, table: str, fmt: str = "csv", source: str | None = None) -> bytes:
        """A zip file with what `export` gives, the sources and datasets it comes from, and what the columns mean."""
        with self._access.reading() as cursor:
            return exporting.archive(cursor, exporting.table_part(cursor, table, source), fmt)

    def export_all(self, target: Path | str, fmt: str = "csv") -> None:
        """Writes all tables to a new file: one DuckDB file (its name ends in .duckdb) or a zip file of CSV or Parquet.

        Sources and datasets are among the tables, so that every row says where it is from.
        """
        path = absolute(target)
        if path.suffix not in (".duckdb", ".zip"):
            raise ValueError(f"{path.name} is no name for all tables; end it in .duckdb, or in .zip for CSV or Parquet")
        with new_file(path, "export") as draft:
            if path.suffix == ".duckdb":
                self.write_snapshot(draft)
                return
            with self._access.reading() as cursor:
                exporting.write_archive(cursor, exporting.all_parts(cursor), fmt, draft)

    def undo(self, dataset_id: str) -> int:
        """How many rows were removed with a dataset; the store is as it was before that import."""
        with self._access.writing() as cursor:
            return writing.remove_dataset(cursor, dataset_id)

    def rename(self, dataset_id: str, name: str) -> str:
        """The name that a dataset has now; the old one stays in its history."""
        with self._access.writing() as cursor:
            return editing.rename(cursor, dataset_id, name)

    def edit(self, dataset_id: str, changes: Iterable[tuple[str, str, str]]) -> int:
        """How many cells of a dataset's runs were changed, all or none: (run_id, column, text), "" empties a cell.

        ValueError names the first change that cannot be.
        """
        with self._access.writing() as cursor:
            return editing.edit(cursor, dataset_id, changes)

    def history(self, dataset_id: str) -> pd.DataFrame:
        """What was changed in a dataset, the oldest change first, each with its old and new value as text."""
        with self._access.reading() as cursor:
            return history.history(cursor, dataset_id)

    def delete(self, dataset_id: str) -> int:
        """How many rows were put aside with a dataset; `restore` brings them back until `purge`."""
        with self._access.writing() as cursor:
            return deleting.delete(cursor, dataset_id)

    def deleted(self) -> pd.DataFrame:
        """The deleted datasets, the newest deletion first: dataset_id, name, kind, n_rows, deleted_at."""
        with self._access.reading() as cursor:
            return deleting.deleted(cursor)

    def restore(self, dataset_id: str) -> int:
        """How many rows of a deleted dataset are back as they were."""
        with self._access.writing() as cursor:
            return deleting.restore(cursor, dataset_id)

    def purge(self, dataset_id: str) -> int:
        """How many rows of a deleted dataset are gone for good, with its history."""
        with self._access.writing() as cursor:
            return deleting.purge(cursor, dataset_id)

    def share(self, dataset_id: str) -> bytes:
        """A dataset with its provenance and history as one file, which imports into another store as the same."""
        with self._access.reading() as cursor:
            return sharing.share(cursor, dataset_id)

    def backup(self, target: Path | str) -> str:
        """The SHA-256 of the copy of the store that was written to `target`, which must be free."""
        with WRITE_LOCK, self._access.connected() as cursor:
            return self._engine.backup(cursor, absolute(target))

    def copy_to(self, place: Path | str) -> dict[str, int]:
        """Rows per table of the verified copy of this store at another path or URL, which holds no user's rows."""
        return copy_store(self._engine, place_of(place))

    def check(self) -> list[str]:
        """What is wrong with the content, one sentence each; empty when all is well. Reads every value."""
        with self._access.reading() as cursor:
            return reading.problems(cursor)
