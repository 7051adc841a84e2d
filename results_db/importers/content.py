"""The bytes of an uploaded file, and what they are as text and as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

from results_db.importers.problems import Unreadable, dataset_name, shown
from results_db.importers.table import read_json_lines
from results_db.importers.text import MAX_BYTES, as_utf8, require_size

MAX_JSON = 20 * 1024 * 1024


@dataclass(frozen=True)
class Content:
    """A file under the name that is shown for it. What its bytes say decides what it is, never its name."""

    name: str
    data: bytes

    @property
    def default_name(self) -> str:
        """What the file's content is called when its owner says no name: the file's without its ending."""
        return dataset_name(PurePath(self.name).stem)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def _decoded(self) -> tuple[bytes, str]:
        return as_utf8(self.data)

    @property
    def utf8(self) -> bytes:
        """The text of the file in UTF-8; Unreadable when it is none."""
        return self._decoded[0]

    @property
    def remark(self) -> str:
        """How the text was read, "" for plain UTF-8."""
        return self._decoded[1]

    @cached_property
    def text(self) -> str:
        """The text of a JSON file; Unreadable when it is none, or more than fits in memory as objects."""
        if len(self.utf8) > MAX_JSON:
            raise Unreadable(
                f"the file has {len(self.utf8) / 2**20:,.1f} MiB of JSON; at most {MAX_JSON / 2**20:.0f} MiB are read. "
                f"Export the table as CSV, of which up to {MAX_BYTES / 2**20:.0f} MiB are read"
            )
        return self.utf8.decode()

    @cached_property
    def document(self) -> Any:
        """The file as one JSON object or list, with NaN where a program wrote it; None when it is none."""
        if not self.is_json:
            return None
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    @property
    def is_json(self) -> bool:
        """True for a text that begins as JSON does."""
        return re.match(rb"\s*[{\[]", self.utf8) is not None

    @cached_property
    def objects(self) -> list[tuple[int, dict]]:
        """The JSON objects of the file with their numbers; Unreadable names the first bad one."""
        return read_json_lines(self.text)


def content_of(file_name: str, data: bytes | Path) -> Content:
    """The content of an uploaded file or of a file on disk; Unreadable says why there is none."""
    name = shown_name(file_name)
    return Content(name, data if isinstance(data, bytes) else _bytes_of(data))


def shown_name(file_name: str) -> str:
    """A file's name without its folder, as it is shown and kept."""
    return shown(PurePath(file_name.replace("\\", "/")).name or "file")


def _bytes_of(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise Unreadable("this is a folder; give the file to import")
        require_size(path.stat().st_size)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # a pipe or a growing file has no size to trust
    except OSError as problem:
        raise Unreadable(f"the file cannot be read ({problem.strerror}); check its name and permissions") from problem
