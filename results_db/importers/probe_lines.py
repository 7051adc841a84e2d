"""The kernel probe's output: JSON lines, one case each."""

from __future__ import annotations

from results_db.importers import probe_rows
from results_db.importers.content import Content
from results_db.importers.preview import Preview, counted, good_and_bad
from results_db.importers.problems import as_frame
from results_db.importers.questions import Answers


def recognizes(content: Content) -> bool:
    """True for JSON objects of which one may be the probe's."""
    return content.is_json and any(probe_rows.is_probe_row(record) for _, record in content.objects)


def read(content: Content, answers: Answers) -> Preview:
    """The probe's cases, each checked."""
    good, problems = [], []
    for row, record in content.objects:
        values, found = probe_rows.check_row(record, row)
        problems += found
        good += [] if found else [values]
    frame = probe_rows.as_frame(good)
    blocking = "" if len(frame) else "no line of this file is a probe result that can be imported"
    message = f"{content.name}: {counted(len(content.objects), 'probe result')}, {good_and_bad(len(frame), problems)}."
    return Preview(
        content.name, content.sha256, "probe_results", message, blocking, rows=frame, problems=as_frame(problems)
    )
