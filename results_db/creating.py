"""Making a new store: whole in a temporary file beside it, then moved into place."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from results_db.errors import StoreError
from results_db.location import VARIABLE, require_folder, wal_path
from results_db.migrations import migrate
from results_db.opening import connect, explained
from results_db.shipped import load_shipped


def create_file(path: Path, shipped: bool) -> None:
    """Makes a store at `path`, which must be free; a crash at any moment leaves no half-made store there."""
    require_folder(path)
    draft = beside(path)
    try:
        _require_writable(draft, path)
        connection = connect(draft, stands_for=path)
        try:
            with explained(path):
                migrate(connection)
                if shipped:
                    load_shipped(connection)
                connection.execute("CHECKPOINT")
        finally:
            connection.close()
        place(draft, path)
    finally:
        draft.unlink(missing_ok=True)
        wal_path(draft).unlink(missing_ok=True)


def _require_writable(draft: Path, path: Path) -> None:
    try:
        draft.touch(exist_ok=False)
        draft.unlink()
    except OSError as problem:
        raise StoreError(
            f"cannot create the store {path} ({problem.strerror}); make its folder writable, or set {VARIABLE} "
            "to a file in another folder"
        ) from problem


def beside(path: Path) -> Path:
    """A free hidden name in the folder of `path`, for a file that is moved to `path` when it is whole."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.new")


def drafts_of(path: Path) -> list[Path]:
    """The drafts beside `path` that were not moved into its place yet, or never will be."""
    pattern = re.compile(re.escape(f".{path.name}.") + r"\d+-[0-9a-f]{8}\.new")
    return [file for file in path.parent.iterdir() if pattern.fullmatch(file.name)]


def place(draft: Path, path: Path) -> None:
    """Gives a whole file its name; raises FileExistsError rather than replace what is there."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError(f"{path} exists") from None
        try:
            draft.rename(path)
        except OSError as problem:
            raise StoreError(f"cannot create the store {path}: {problem.strerror}") from problem


@contextmanager
def new_file(path: Path) -> Generator[Path]:
    """A draft that becomes the file at `path`, which must be free, when the block ends well; else nothing is left."""
    if path.exists():
        raise StoreError(f"{path} exists already; choose another name, nothing was written")
    if not path.parent.is_dir():
        raise StoreError(f"the folder {path.parent} for {path.name} does not exist; create it, nothing was written")
    draft = beside(path)
    try:
        yield draft
        place(draft, path)
    except FileExistsError:
        raise StoreError(f"{path} appeared meanwhile and is not overwritten; choose another name") from None
    except OSError as problem:
        raise StoreError(f"cannot write {path}: {problem.strerror or problem}; nothing was written") from problem
    finally:
        draft.unlink(missing_ok=True)
        wal_path(draft).unlink(missing_ok=True)
