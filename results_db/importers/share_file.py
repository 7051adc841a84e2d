"""A dataset that another store shared: every row checked anew, its name, provenance and history taken over."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from results_db.importers.content import Content
from results_db.importers.cutting import read_delimited
from results_db.importers.preview import Preview, counted
from results_db.importers.problems import Problem, Unreadable, as_frame, shown
from results_db.importers.questions import Answers
from results_db.importers.share_rows import READERS
from results_db.importers.shared import CHANGED, FORMAT, before, read_head

FEW = 3  # problems that are told at once; a shared dataset has none unless somebody changed it


def recognizes(content: Content) -> bool:
    """True for a file whose first line begins as that of a shared dataset."""
    return content.data.startswith(f'{{"{FORMAT}"'.encode())


def read(content: Content, answers: Answers) -> Preview:
    """The dataset as the other store had it."""
    line, _, body = content.data.partition(b"\n")
    head = read_head(line)
    if hashlib.sha256(body).hexdigest() != head.sha256 or sum(head.sizes.values()) != len(body):
        raise Unreadable(f"the rows of the shared dataset do not match its first line: it was cut off, or {CHANGED}")
    frames, problems = _tables(head.sizes, body)
    rows = frames.get(head.kind, pd.DataFrame())
    if rows.empty:
        raise Unreadable(f"the shared dataset has no row of {shown(head.kind)}; {CHANGED}")
    shared = head.shared
    if "runs" in frames:
        shared = replace(shared, originals=frames | {"runs": before(frames["runs"], shared.history)})
    curves = frames.get("loss_curves", pd.DataFrame()) if head.kind == "runs" else pd.DataFrame()
    points = f" with {counted(len(curves), 'point')} of loss curves" if len(curves) else ""
    message = (
        f"{content.name}: the shared dataset {shared.name!r}, {counted(len(rows), 'row')}{points}, first imported on "
        f"{shared.imported_at:%Y-%m-%d} from {shared.file_name}, with {counted(len(shared.history), 'change')} since."
    )
    blocking = "; ".join(str(problem) for problem in problems[:FEW])
    return Preview(
        content.name, content.sha256, head.kind, message, blocking, rows=rows, problems=as_frame(problems),
        curves=curves, shared=shared,
    )  # fmt: skip


def _tables(sizes: Mapping[str, int], body: bytes) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    frames: dict[str, pd.DataFrame] = {}
    problems: list[Problem] = []
    start = 0
    for table, size in sizes.items():
        if table not in READERS:
            raise Unreadable(f"the shared dataset has a table {shown(table)}, which is not known; update the program")
        content = Content(table, body[start : start + size])
        records = read_delimited(content.utf8)
        frames[table], wrong = READERS[table](records)
        problems += records.problems + wrong
        start += size
    return frames, problems
