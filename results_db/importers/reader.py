"""A file of any kind as a Preview: its content decides what it is, never its name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePath

from results_db.importers import columns, probe_rows, run_rows
from results_db.importers.preview import Preview
from results_db.importers.problems import Problem, Unreadable, as_frame, shown
from results_db.importers.run_rules import REQUIRED
from results_db.importers.table import Records, from_objects, read_delimited, read_json_lines
from results_db.importers.text import MAX_BYTES, decoded, require_size


def read(file_name: str, data: bytes | Path, mapping: Mapping[str, str] | None = None) -> Preview:
    """What the file holds; a file that cannot be read is a Preview whose `blocking` says why."""
    name = shown(PurePath(file_name.replace("\\", "/")).name or "file")
    content = b""
    try:
        content = data if isinstance(data, bytes) else _bytes_of(data)
        text, remark = decoded(content)
        return _read_text(name, hashlib.sha256(content).hexdigest(), text, remark, mapping)
    except Unreadable as unreadable:
        sentence = str(unreadable.problem)
        digest = hashlib.sha256(content).hexdigest()
        message = f"{name}: nothing can be imported from this file."
        return Preview(name, digest, "unknown", message, sentence, problems=as_frame([unreadable.problem]))


def _bytes_of(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise Unreadable("this is a folder; give the file to import")
        require_size(path.stat().st_size)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # a pipe or a growing file has no size to trust
    except OSError as problem:
        raise Unreadable(f"the file cannot be read ({problem.strerror}); check its name and permissions") from problem


def _read_text(name: str, digest: str, text: str, remark: str, mapping: Mapping[str, str] | None) -> Preview:
    start = text.lstrip()[:1]
    if start == "<":
        raise Unreadable("the file is a web page or XML, perhaps a login page; download the table itself as CSV")
    if start not in ("{", "["):
        return _runs(name, digest, read_delimited(text), remark, mapping)
    objects = read_json_lines(text)
    if any(probe_rows.is_probe_row(record) for _, record in objects):
        return _probe(name, digest, objects)
    return _runs(name, digest, from_objects(objects), remark, mapping)


def _probe(name: str, digest: str, objects: list[tuple[int, dict]]) -> Preview:
    good, problems = [], []
    for row, record in objects:
        values, found = probe_rows.check_row(record, row)
        problems += found
        good += [] if found else [values]
    frame = probe_rows.as_frame(good)
    blocking = "" if len(frame) else "no line of this file is a probe result that can be imported"
    message = f"{name}: {_counted(len(objects), 'probe result')}, {_good_and_bad(len(frame), problems)}."
    return Preview(name, digest, "probe_results", message, blocking, rows=frame, problems=as_frame(problems))


def _runs(name: str, digest: str, records: Records, remark: str, chosen: Mapping[str, str] | None) -> Preview:
    mapping = columns.matches(records.header, chosen)
    if not columns.is_table_of_runs(mapping):
        return _not_runs(name, digest, records, mapping)
    questions = columns.open_questions(mapping)
    rows, problems = run_rows.read_rows(records, mapping)
    n_rows = len(records.rows) + len(records.problems)
    if not n_rows:
        questions.append(Problem(None, "", "", "the table has a header but no rows; add one row per run"))
    elif rows.empty:
        questions.append(Problem(None, "", "", "no row is good; correct the rows and choose the file again"))
    blocking = "; ".join(str(question) for question in questions)
    message = f"{name}: a table of {_counted(n_rows, 'run')}, {_good_and_bad(len(rows), problems)}."
    message += f" The file was {remark}." if remark else ""
    listed = as_frame([*questions, *problems])
    return Preview(name, digest, "runs", message, blocking, mapping, _first_values(records), rows, listed)


def _not_runs(name: str, digest: str, records: Records, mapping: dict) -> Preview:
    found = ", ".join(shown(column) for column in records.header[:8]) + (", …" if len(records.header) > 8 else "")
    problem = Problem(
        1, "", shown(found),
        f"this is no table of runs: its columns are {found}. A table of runs has {', '.join(REQUIRED)} (or params, "
        "tokens, val_loss …); say which columns these are if they have other names",
    )  # fmt: skip
    message = f"{name}: neither a table of runs nor the probe's JSON lines."
    first = _first_values(records)
    return Preview(name, digest, "unknown", message, str(problem), mapping, first, problems=as_frame([problem]))


def _first_values(records: Records) -> dict[str, str]:
    return {
        name: next((shown(cells[i]) for _, cells in records.rows if cells[i].strip()), "")
        for i, name in enumerate(records.header)
    }


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _good_and_bad(n_good: int, problems: list[Problem]) -> str:
    n_bad = len({problem.row for problem in problems})
    if not n_bad:
        return "all good" if n_good else "none good"
    return f"{n_good:,} good and {n_bad:,} with problems"
