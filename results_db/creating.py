"""Making a new store: whole in a draft beside it, then moved into place."""

from __future__ import annotations

from pathlib import Path

from results_db.drafts import draft_of, place
from results_db.errors import StoreError
from results_db.location import VARIABLE, require_folder
from results_db.migrations import migrate
from results_db.opening import connect, explained
from results_db.shipped import load_shipped


def create_file(path: Path, shipped: bool) -> None:
    """Makes a store at `path`, which must be free; a crash at any moment leaves no half-made store there."""
    require_folder(path)
    with draft_of(path) as draft:
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


def _require_writable(draft: Path, path: Path) -> None:
    try:
        draft.touch(exist_ok=False)
        draft.unlink()
    except OSError as problem:
        raise StoreError(
            f"cannot create the store {path} ({problem.strerror}); make its folder writable, or set {VARIABLE} "
            "to a file in another folder"
        ) from problem
