"""A file of any kind as a Preview: its content decides what it is, never its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from results_db.importers import (
    delimited,
    evaluations,
    event_file,
    json_table,
    parquet_file,
    probe_lines,
    share_file,
    trainer_state,
)
from results_db.importers.content import Content, content_of, shown_name
from results_db.importers.preview import Preview
from results_db.importers.problems import Unreadable, as_frame
from results_db.importers.questions import Answers


class Importer(Protocol):
    """A module of this folder that knows one kind of file."""

    def recognizes(self, content: Content) -> bool:
        """True when the content is of this kind."""
        ...

    def read(self, content: Content, answers: Answers) -> Preview:
        """What the file holds; Unreadable says why it is no such file."""
        ...


# The first that recognizes a file reads it: files of bytes, then JSON, then tables.
IMPORTERS: tuple[Importer, ...] = (
    parquet_file,
    event_file,
    share_file,
    trainer_state,
    evaluations,
    probe_lines,
    json_table,
    delimited,
)


def read(
    file_name: str,
    data: bytes | Path,
    mapping: Mapping[str, str] | None = None,
    facts: Mapping[str, str] | None = None,
) -> Preview:
    """What the file holds; a file that cannot be read is a Preview whose `blocking` says why.

    `mapping` says which uploaded column is which of ours, `facts` answers the preview's questions by their names;
    ValueError for names that are in neither.
    """
    answers = Answers(mapping or {}, facts or {})
    content = Content(shown_name(file_name), b"")
    try:
        content = content_of(file_name, data)
        importer = next(importer for importer in IMPORTERS if importer.recognizes(content))
        preview = importer.read(content, answers)
    except Unreadable as unreadable:
        message = f"{content.name}: nothing can be imported from this file."
        problems = as_frame([unreadable.problem])
        return Preview(content.name, content.sha256, "unknown", message, str(unreadable.problem), problems=problems)
    answers.require_known(preview.questions)
    return preview
