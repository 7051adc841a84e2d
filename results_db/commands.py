"""What each verb of `python -m results_db` does; every function returns the exit code."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from results_db.backup import restore_file
from results_db.drafts import new_file
from results_db.errors import StoreError
from results_db.importers.preview import Preview
from results_db.importers.text import MAX_BYTES
from results_db.location import default_place, place_of
from results_db.shared.address import Address
from results_db.store import Store

SHOWN_PROBLEMS = 20


def status(asked: argparse.Namespace) -> int:
    """Prints where the store is and what it holds."""
    with Store.open(asked.db) as store:
        found = store.status()
    if asked.json:
        return _document(found)
    print(f"store    {found['path']} ({found['size_bytes'] / 1e6:.1f} MB, schema version {found['schema_version']})")
    for table, rows in found["rows"].items():
        print(f"{rows:>8} {table}")
    return 0


def sources(asked: argparse.Namespace) -> int:
    """Prints the sources, as CSV or as a JSON list."""
    with Store.open(asked.db) as store:
        return _document(_records(store.table("sources"))) if asked.json else _write(store.export("sources"))


def check(asked: argparse.Namespace) -> int:
    """Prints what is wrong with the store's content."""
    with Store.open(asked.db) as store:
        problems = store.check()
    if asked.json:
        _document({"problems": problems})
    else:
        print("\n".join(problems) or "no problem found")
    return 1 if problems else 0


def coefficients(asked: argparse.Namespace) -> int:
    """Prints one published coefficient set; it is JSON with or without --json."""
    with Store.open(asked.db) as store:
        return _document(store.coefficients(asked.law, asked.source, asked.variant))


def export(asked: argparse.Namespace) -> int:
    """Writes a table to stdout, or with its sources to a zip file."""
    with Store.open(asked.db) as store:
        if asked.zip is None:
            return _write(store.export(asked.table, asked.format, asked.source))
        with new_file(asked.zip.absolute(), "export") as draft:
            draft.write_bytes(store.archive(asked.table, asked.format, asked.source))
    return _print(str(asked.zip))


def backup(asked: argparse.Namespace) -> int:
    """Writes a copy of the store and its checksum."""
    with Store.open(asked.db) as store:
        digest = store.backup(asked.file)
    return _document({"file": str(asked.file), "sha256": digest}) if asked.json else _print(f"{digest}  {asked.file}")


def restore(asked: argparse.Namespace) -> int:
    """Puts a backup in the store's place."""
    path = default_place() if asked.db is None else place_of(asked.db)
    if isinstance(path, Address):
        raise StoreError(
            f"a backup file cannot take the place of the shared store {path}; "
            f"`python -m results_db --db {asked.file} copy-to URL` copies its rows to an empty database"
        )
    remark = restore_file(asked.file, path)
    print(remark, file=sys.stderr)
    return _document({"path": str(path)}) if asked.json else _print(str(path))


def copy_to(asked: argparse.Namespace) -> int:
    """Copies the store to another place."""
    with Store.open(asked.db) as store:
        copied = store.copy_to(asked.place)
    place = str(place_of(asked.place))
    if asked.json:
        return _document({"place": place, "rows": copied})
    print(f"{place} holds the same rows, verified by count and checksum", file=sys.stderr)
    return _print("\n".join(f"{rows:>8} {table}" for table, rows in copied.items()))


def import_file(asked: argparse.Namespace) -> int:
    """Imports a file, or says why not."""
    mapping = dict(_pair(text, "--map", "THEIRS=OURS, such as --map steps_loss=loss") for text in asked.map)
    facts = dict(_pair(text, "--set", "FACT=VALUE, such as --set n_params=1.3B") for text in asked.set)
    with Store.open(asked.db) as store:
        if asked.file == "-":
            preview = store.preview("standard input", sys.stdin.buffer.read(MAX_BYTES + 1), mapping, facts)
        else:
            preview = store.preview(asked.file, Path(asked.file), mapping, facts)
        _report(preview)
        dataset = None
        refused = _refused(preview, asked.skip_bad_rows)
        if not (asked.dry_run or refused):
            dataset = store.commit(preview, asked.name, asked.skip_bad_rows)
    if refused:
        print(refused, file=sys.stderr)
    added = 0 if dataset is None or preview.existing else len(preview.rows)
    if asked.json:
        _document(
            {
                "dataset_id": dataset,
                "kind": preview.kind,
                "rows": len(preview.rows),
                "added": added,
                "message": preview.message,
                "points": len(preview.curves),
                "questions": [vars(question) for question in preview.questions],
                "problems": _records(preview.problems),
            }
        )
    elif dataset:
        print(dataset)
    return 1 if refused else 0


def _refused(preview: Preview, skip_bad_rows: bool) -> str:
    if preview.blocking:
        return (
            "nothing was imported; settle what is said above (--map names or ignores columns, --set answers questions)"
        )
    if len(preview.problems) and not skip_bad_rows:
        return f"nothing was imported; --skip-bad-rows imports the {len(preview.rows)} good rows"
    return ""


def _report(preview: Preview) -> None:
    print(preview.message, file=sys.stderr)
    for sentence in preview.sentences()[:SHOWN_PROBLEMS]:
        print(sentence, file=sys.stderr)
    if len(preview.problems) > SHOWN_PROBLEMS:
        print(f"… and {len(preview.problems) - SHOWN_PROBLEMS} more problems; --json lists all", file=sys.stderr)


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    theirs, sign, ours = text.rpartition("=")
    if not sign:
        raise ValueError(f"{option} is {text!r}; write {form}, or nothing behind the = to ignore it")
    return theirs.strip(), ours.strip()


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(str(frame.to_json(orient="records", date_format="iso")))


def _document(content: object) -> int:
    return _print(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False, default=str))


def _print(text: str) -> int:
    print(text, flush=True)
    return 0


def _write(data: bytes) -> int:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    return 0
