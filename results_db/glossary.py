"""The glossary as the program ships it, so that a word can be explained where there is no store."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from importlib import resources


@functools.cache
def meanings() -> Mapping[str, str]:
    """What every term means, by the term and by its other names, in lower case."""
    with (resources.files("results_db") / "data" / "glossary.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    others = {name.lower(): row["meaning"] for row in rows for name in row["also"].split("; ") if name}
    return others | {row["term"].lower(): row["meaning"] for row in rows}
