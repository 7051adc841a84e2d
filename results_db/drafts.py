"""Files that are made whole under a hidden name and then take their place; a crash leaves no half-made one there."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from results_db.errors import StoreError
from results_db.location import wal_path


@contextmanager
def draft_of(path: Path) -> Generator[Path]:
    """A free hidden name in the folder of `path`; what has not taken its place by the end of the block is deleted."""
    draft = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
    try:
        yield draft
    finally:
        remove(draft)


def remove(draft: Path) -> None:
    """Deletes a draft and DuckDB's log of it."""
    draft.unlink(missing_ok=True)
    wal_path(draft).unlink(missing_ok=True)


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
def new_file(path: Path, what: str) -> Generator[Path]:
    """A draft that becomes the file at `path`, which must be free, when the block ends well; else nothing is left.

    `what` the file is, such as a backup, is said in the StoreErrors.
    """
    if path.exists():
        raise StoreError(f"{path} exists already; choose another name for the {what}, nothing was written")
    if not path.parent.is_dir():
        raise StoreError(f"the folder {path.parent} for the {what} does not exist; create it, nothing was written")
    try:
        with draft_of(path) as draft:
            yield draft
            place(draft, path)
    except FileExistsError:
        raise StoreError(f"{path} appeared meanwhile and is not overwritten; choose another name") from None
    except OSError as problem:
        raise StoreError(
            f"cannot write the {what} {path}: {problem.strerror or problem}; nothing was written"
        ) from problem
