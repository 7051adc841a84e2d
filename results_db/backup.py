"""Copies of a whole store: written with a checksum, verified before they take a store's place."""

from __future__ import annotations

import hashlib
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from results_db import reading
from results_db.drafts import draft_of, new_file, place
from results_db.errors import StoreError
from results_db.location import require_folder, require_usable
from results_db.migrations import apply_missing, require_known, version_of

KEPT = 3  # backups made before migrations that stay beside a store


def copy_file(store: Path, target: Path) -> str:
    """Copies a store that nobody writes to at this moment; returns the SHA-256, also kept in TARGET.sha256."""
    checksum = checksum_path(target)
    if checksum.exists():
        raise StoreError(f"{checksum} exists already; choose another name for the backup, nothing was written")
    with new_file(target, "backup") as draft:
        shutil.copyfile(store, draft)
        digest = sha256_of(draft)
        if digest != sha256_of(store):
            raise StoreError(f"the copy of {store} differs from it; check the disk and try again")
    try:
        checksum.write_text(f"{digest}  {target.name}\n", encoding="utf-8")
    except OSError as problem:
        raise StoreError(f"the backup {target} is whole, but not its checksum {checksum.name}: {problem}") from problem
    return digest


def before_migration(connection: duckdb.DuckDBPyConnection, path: Path, version: int) -> Path:
    """The backup that was made of an open store beside it, named after its version and the time [UTC].

    The newest KEPT of them stay. StoreError when there is no room for it; the store is then left as it is.
    """
    connection.execute("CHECKPOINT")
    time = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    target = path.with_name(f"{path.name}.v{version}-{time}.backup")
    try:
        copy_file(path, target)
    except StoreError as problem:
        raise StoreError(
            f"the store {path} was left as it is: it has the older version {version} and is brought up to date only "
            f"after a backup, but {problem}"
        ) from problem
    for old in automatic_backups(path)[KEPT:]:
        checksum_path(old).unlink(missing_ok=True)
        old.unlink(missing_ok=True)
    return target


def automatic_backups(path: Path) -> list[Path]:
    """The backups that were made of the store at `path` before migrations, the newest first."""
    pattern = re.compile(re.escape(path.name) + r"\.v\d+-(\d{8}T\d{12})\.backup")
    found = ((pattern.fullmatch(file.name), file) for file in path.parent.iterdir())
    return [file for _, file in sorted(((match[1], file) for match, file in found if match), reverse=True)]


def restore_file(backup: Path, path: Path) -> str:
    """Puts a verified copy of a backup at `path`, which must be free; returns a remark on how it was verified."""
    if not backup.is_file():
        raise StoreError(f"there is no backup {backup}; give the file that `backup` wrote")
    require_usable(path)
    if path.exists():
        raise StoreError(f"{path} exists and is not overwritten; move it away first, then restore again")
    remark = _verify_checksum(backup)
    require_folder(path)
    try:
        with draft_of(path) as draft:
            shutil.copyfile(backup, draft)
            _verify_content(draft, backup)
            place(draft, path)
    except FileExistsError:
        raise StoreError(f"{path} appeared meanwhile and is not overwritten; move it away first") from None
    except OSError as problem:
        raise StoreError(f"cannot restore to {path}: {problem}") from problem
    return remark


def checksum_path(backup: Path) -> Path:
    """The file that holds a backup's checksum."""
    return backup.with_name(backup.name + ".sha256")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verify_checksum(backup: Path) -> str:
    checksum = checksum_path(backup)
    if not checksum.exists():
        return f"{checksum} is missing, so only the content of {backup} was verified"
    said = checksum.read_text(encoding="utf-8", errors="replace").split()[:1]
    found = sha256_of(backup)
    if said != [found]:
        raise StoreError(
            f"{backup} is not the file that was backed up (SHA-256 {found}, {checksum.name} says "
            f"{' '.join(said) or 'nothing'}); use another backup, nothing was restored"
        )
    return f"{backup} was verified by its checksum and its content"


def _verify_content(draft: Path, backup: Path) -> None:
    try:
        with duckdb.connect(str(draft)) as connection:
            require_known(version_of(connection), backup)
            connection.execute("BEGIN")
            apply_missing(connection)  # an older one is looked at as it will be once it is opened
            problems = reading.problems(connection)
            connection.execute("ROLLBACK")
    except duckdb.Error as problem:
        problems = [str(problem).splitlines()[0].replace(str(draft), str(backup))]
    if problems:
        raise StoreError(f"the backup {backup} is damaged: {'; '.join(problems)}; use another, nothing was restored")
