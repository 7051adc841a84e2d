"""CSV tables that strangers made: read as text, cut into named columns, problems said by row (the header is row 1)."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable

import pandas as pd

from analysis.commands.inputs import content_of
from analysis.laws.law import Law

TRUE_WORDS = {"true", "1", "yes"}
MISSING_WORDS = {"", "nan", "na", "null", "none"}


def read_runs(path: str, law: Law) -> pd.DataFrame:
    """The table of runs at `path` with the law's inputs, its target and the FLOPs as numbers; outliers are kept."""
    numbers = dict.fromkeys((*law.numeric_inputs, law.target, "flops"))
    return as_numbers(read_table(path, (*law.required_inputs, law.target)), numbers, path)


def read_table(path: str, needed: Iterable[str]) -> pd.DataFrame:
    """The CSV table at `path` ('-' is standard input) as text, indexed by row; rows without any value are skipped.

    Raises ValueError with a sentence when it is no table, lacks a `needed` column, or holds no rows.
    """
    rows = _rows(path)
    if not rows:
        raise ValueError(f"{path} is empty; write a header line and one comma-separated row per run")
    _, names = rows.pop(0)
    _check_header([name.strip() for name in names], sorted(needed), path)
    for number, cells in rows:
        if len(cells) != len(names):
            raise ValueError(
                f"{path}, row {number}: {len(cells)} values, but the header has {len(names)}; make them equal"
            )
    if not rows:
        raise ValueError(f"{path} has a header and no rows; add at least one row")
    numbers, cells = zip(*rows, strict=True)
    return pd.DataFrame(cells, index=numbers, columns=[name.strip() for name in names], dtype=str)


def _rows(path: str) -> list[tuple[int, list[str]]]:
    try:
        text = content_of(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8; save it as CSV (UTF-8)") from None
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        return [(number, cells) for number, cells in enumerate(reader, 1) if any(cell.strip() for cell in cells)]
    except csv.Error as problem:
        raise ValueError(f"{path} is not a CSV table ({problem}); check its quotes") from None


def _check_header(names: list[str], needed: list[str], path: str) -> None:
    counts = Counter(names)
    for name in needed:
        if not counts[name]:
            first = ", ".join(listed[:40] for listed in names[:12]) + (" ..." if len(names) > 12 else "")
            advice = f"write a header line with {', '.join(needed)} and comma-separated rows"
            raise ValueError(f"{path} has no column {name}; its first line is {first!r}: {advice}")
    for name, count in counts.items():
        if name and count > 1:
            raise ValueError(f"{path} has {count} columns called {name[:40]}; keep one of them")


def as_numbers(table: pd.DataFrame, names: Iterable[str], path: str) -> pd.DataFrame:
    """The table with those of its columns as floats, NaN where empty; ValueError naming the first text."""
    found = {}
    for name in names:
        if name in table:
            found[name] = pd.to_numeric(table[name], errors="coerce").astype(float)
            missing = table[name].str.strip().str.lower().isin(MISSING_WORDS)
            bad = table.loc[found[name].isna() & ~missing, name]
            if len(bad):
                value = repr(bad.iloc[0][:40])
                raise ValueError(f"{path}, row {bad.index[0]}: {name} is {value}; write a number such as 2e10")
    return table.assign(**found)


def without_outliers(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that their source did not flag as outliers."""
    return runs[~runs["outlier"].str.strip().str.lower().isin(TRUE_WORDS)] if "outlier" in runs else runs
