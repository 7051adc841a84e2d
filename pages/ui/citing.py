"""BibTeX of a source, from its row of the sources table, and of this program, from its CITATION.cff."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

SPECIAL = str.maketrans({char: f"\\{char}" for char in "&%$#_{}"})
CITATION_FILE = Path(__file__).parents[2] / "CITATION.cff"


def bibtex(source: Mapping[str, Any]) -> str:
    """One BibTeX entry of a row with source_id, title, year, arxiv_id and link; fields without a value are left out.

    The store holds no names of authors: the entry says where to find them.
    """
    arxiv = _known(source.get("arxiv_id"))
    year = _known(source.get("year"))
    fields = {
        "title": "{" + str(source["title"]).translate(SPECIAL) + "}",
        "year": str(int(float(year))) if year else "",
        "eprint": arxiv,
        "archiveprefix": "arXiv" if arxiv else "",
        "url": _known(source.get("link")) or (f"https://arxiv.org/abs/{arxiv}" if arxiv else ""),
    }
    return _entry("misc", source["source_id"], fields)


def program() -> dict[str, str]:
    """What CITATION.cff says of this program: title, message, version, license and name, that of its authors."""
    return citation_fields(CITATION_FILE.read_text(encoding="utf-8"))


def citation_fields(text: str) -> dict[str, str]:
    """The `key: value` lines of a CITATION.cff and of its authors, by key; without folded text and lists."""
    lines = re.findall(r"^(?:  - )?([a-z-]+): +([^>|\s].*)$", text, re.MULTILINE)
    return {key: value.strip().strip("\"'") for key, value in lines}


def program_bibtex(said: Mapping[str, str]) -> str:
    """The BibTeX entry of this program, from the fields of its CITATION.cff."""
    fields = {
        "title": "{" + said["title"].translate(SPECIAL) + "}",
        "author": "{" + said["name"].translate(SPECIAL) + "}",
        "version": said["version"],
        "license": said["license"],
        "url": said.get("repository-code", ""),
    }
    return _entry("software", said["title"].lower().replace(" ", "_"), fields)


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def _known(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value).strip()
