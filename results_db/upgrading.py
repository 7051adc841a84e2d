"""A store of an older schema becomes one of the newest as a whole: a migrated copy takes its place.

Never in place: DuckDB cannot replay every ALTER TABLE from its log, so that a process killed right after the migration
would leave a store that nothing can open.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import duckdb

from results_db.backup import before_migration
from results_db.drafts import draft_of, drafts_of, remove
from results_db.migrations import migrate
from results_db.opening import connect, explained

STALE_S = 3600.0  # a draft of that age belongs to a process that was killed


def upgrade_file(connection: duckdb.DuckDBPyConnection, path: Path, version: int) -> None:
    """Backs up the store at `path` and puts a migrated copy in its place; closes the connection to the old one.

    The connection keeps other processes away until the place is taken. StoreError says why the store stayed as it is.
    """
    file = path.resolve()  # the place behind a link is taken, not the link's
    try:
        with explained(path), draft_of(file) as draft:
            _remove_stale_drafts(file)
            backup = before_migration(connection, path, version)
            shutil.copyfile(backup, draft)
            shutil.copymode(file, draft)
            _migrate(draft, path)
            if os.name == "nt":  # Windows replaces no open file
                connection.close()
            os.replace(draft, file)
    finally:
        connection.close()


def _migrate(draft: Path, path: Path) -> None:
    copy = connect(draft, stands_for=path)
    try:
        with explained(path):
            migrate(copy)
            copy.execute("CHECKPOINT")
    finally:
        copy.close()
    with draft.open("rb+") as written:
        os.fsync(written.fileno())


def _remove_stale_drafts(file: Path) -> None:
    for draft in drafts_of(file):
        if time.time() - draft.stat().st_mtime > STALE_S:
            remove(draft)
