"""BibTeX of a source, from its row of the sources table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

SPECIAL = str.maketrans({char: f"\\{char}" for char in "&%$#_{}"})


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
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{source['source_id']},", *lines, "}"])


def _known(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value).strip()
