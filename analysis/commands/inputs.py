"""What the verbs read: a table of runs, parameter values, and what they print."""

from __future__ import annotations

import csv
import json
import math
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.laws.law import Law

TRUE_WORDS = {"true", "1", "yes"}


def read_runs(path: str, law: Law) -> pd.DataFrame:
    """The CSV table at `path` ('-' is standard input); rows flagged as outliers are kept.

    Raises ValueError with a sentence when it is not a table with the law's columns.
    """
    try:
        frame = pd.read_csv(sys.stdin if path == "-" else path, dtype=str, keep_default_na=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, csv.Error) as problem:
        raise ValueError(
            f"{path} is not a CSV table ({problem}); write a header line and comma-separated rows"
        ) from None
    missing = [n for n in law.inputs if n not in frame and n not in {p.per for p in law.groups}]
    if missing:
        columns = ", ".join(frame.columns[:12])
        raise ValueError(f"{path} has no column {' or '.join(missing)}; its columns are {columns}")
    if frame.empty:
        raise ValueError(f"{path} has a header and no rows; add at least one run")
    text = {param.per for param in law.groups}
    for name in {*law.inputs, "loss", "flops"} & set(frame.columns) - text:
        frame[name] = _numbers(frame[name], path)
    return frame


def _numbers(column: pd.Series, path: str) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    bad = column.notna() & numbers.isna()
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise ValueError(f"{path}, row {row + 1}: {column.name} is {column.iloc[row]!r}; write a number such as 2e10")
    return numbers


def without_outliers(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that their source did not flag as outliers."""
    if "outlier" not in runs:
        return runs
    return runs[~runs["outlier"].fillna("").str.lower().isin(TRUE_WORDS)]


def read_params(text: str) -> dict[str, float]:
    """Values by symbol from SYMBOL=VALUE,... or a JSON file; the output of `fit --json` is accepted too."""
    if "=" in text and not Path(text).exists():
        return dict(assignment(part) for part in text.split(",") if part.strip())
    values = read_json(text)
    values = values.get("params", values)
    bad = [f"{k}={v!r}" for k, v in values.items() if isinstance(v, bool) or not isinstance(v, (int, float))]
    if bad:
        raise ValueError(f"{text}: {bad[0]} is not a number; write {{'symbol': number, ...}}")
    return {name: float(value) for name, value in values.items()}


def read_json(path: str) -> dict[str, Any]:
    """The JSON object in a file ('-' is standard input)."""
    try:
        document = json.loads(sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise ValueError(f"{path} is not JSON ({problem})") from None
    if not isinstance(document, dict):
        raise ValueError(f"{path} holds a {type(document).__name__}; a JSON object of symbol: number is needed")
    return document


def assignment(text: str) -> tuple[str, float]:
    """('A', 482.0) from 'A=482'; raises ValueError with what to write."""
    name, _, number = text.partition("=")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not name.strip() or not math.isfinite(value):
        raise ValueError(f"'{text}' is not SYMBOL=NUMBER; write for example A=482.0")
    return name.strip(), value


def print_json(document: Any) -> None:
    """Prints one JSON document; numbers that are not finite become null."""
    print(json.dumps(_finite(document), indent=2, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
