"""Where the store lies, and what must be true of that place before a file is made or opened."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_dir

from results_db.errors import StoreError
from results_db.shared.address import Address, address_of, is_url

VARIABLE = "PRECISION_ATLAS_DB"


Place = Path | Address


def default_place() -> Place:
    """The store's place: the address in PRECISION_ATLAS_DB when it holds a URL, else default_path()."""
    override = os.environ.get(VARIABLE, "").strip()
    return address_of(override) if is_url(override) else default_path()


def place_of(text: Path | str) -> Place:
    """The place that a path or a URL names; StoreError when it can be neither."""
    return address_of(text) if isinstance(text, str) and is_url(text) else absolute(text)


def default_path() -> Path:
    """The store's path: PRECISION_ATLAS_DB when set, else atlas.duckdb in the user's data directory."""
    override = os.environ.get(VARIABLE, "").strip()
    if override:
        return absolute(override)
    return Path(user_data_dir("precision-atlas", appauthor=False)) / "atlas.duckdb"


def absolute(path: Path | str) -> Path:
    """The path from the root, with ~ resolved; StoreError when it names a user that does not exist."""
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as problem:
        raise StoreError(f"the path {path} cannot be resolved ({problem}); write it without ~") from problem


def wal_path(path: Path) -> Path:
    """DuckDB's write-ahead log of the store at `path`."""
    return path.with_name(path.name + ".wal")


def require_usable(path: Path) -> None:
    """Raises StoreError when what lies at `path` cannot be a store; a missing file is no error here."""
    try:
        reason = _why_unusable(path)
    except OSError as problem:
        raise StoreError(
            f"cannot look at {path} ({problem.strerror}); set {VARIABLE} to a file in a folder that you may use"
        ) from problem
    if reason:
        raise StoreError(reason)


def _why_unusable(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder, not a store; set {VARIABLE} to a file, e.g. {path / 'atlas.duckdb'}"
    if path.is_symlink() and not path.exists():
        return f"{path} is a link to a file that is not there; restore the file or remove the link"
    if not path.exists():
        if not wal_path(path).exists():
            return ""
        return (
            f"{wal_path(path)} is there but its store {path} is not; put the store back beside it, "
            "or move the .wal file away to start anew (the changes in it would be lost)"
        )
    if not path.is_file():
        return f"{path} is not a regular file; set {VARIABLE} to a file"
    if path.stat().st_size == 0:
        return f"the store {path} is an empty file; restore it from a backup, or move it away to start anew"
    return ""


def require_folder(path: Path) -> None:
    """Makes the folder of the default store; the folder of any other path must exist already."""
    folder = path.parent
    if folder.is_dir():
        return
    if os.environ.get(VARIABLE, "").strip() or path != default_path():
        raise StoreError(
            f"the folder {folder} for the store {path.name} does not exist; create it, or set {VARIABLE} "
            "to a path whose folder exists"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise StoreError(
            f"cannot create the folder {folder} for the store ({problem.strerror}); set {VARIABLE} to a file "
            "in a folder that you may write to"
        ) from problem
