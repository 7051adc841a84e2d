"""A person's own runs over mixtures of data, from a CSV file: a run a row, shares and losses by domain."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
import pandas as pd

SHARE, LOSS = "share ", "loss "
MOST_RUNS, MOST_COLUMNS = 5_000, 200


@dataclass(frozen=True)
class Series:
    """Runs that differ in their mixture only: shares (n, M) and losses (n, T) by domain, one size and data (or nan)."""

    source: str
    name: str
    shares: pd.DataFrame
    losses: pd.DataFrame
    n_params: float = float("nan")
    n_tokens: float = float("nan")


def of_file(name: str, content: bytes) -> Series:
    """The runs of a CSV file with columns 'share NAME' and 'loss NAME'; further columns are left out.

    Raises ValueError with the row, the column, the value and what to write instead. The header is row 1.
    """
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as problem:
        raise ValueError(f"{name} is no CSV file in UTF-8: {problem}; save it as CSV (UTF-8)") from None
    head, *rows = [[cell.strip() for cell in line] for line in lines if any(line)] or [[]]
    wanted = {column: i for i, column in enumerate(head) if column.startswith((SHARE, LOSS))}
    shares, losses = ([column for column in wanted if column.startswith(kind)] for kind in (SHARE, LOSS))
    if len(shares) < 2 or not losses:
        said = ", ".join(head[:6]) or "nothing"
        raise ValueError(f"{name} has the columns {said}; write 'share NAME' for two domains or more and 'loss NAME'")
    if len(rows) > MOST_RUNS or len(wanted) > MOST_COLUMNS:
        raise ValueError(f"{name} has {len(rows)} runs and {len(wanted)} columns; up to {MOST_RUNS} and {MOST_COLUMNS}")
    cells = {
        column: [_number(row, i, number, column) for number, row in enumerate(rows, 2)] for column, i in wanted.items()
    }
    frame = pd.DataFrame(cells, dtype=float)
    return Series(
        name,
        f"{len(frame)} runs",
        frame[shares].rename(columns=lambda column: column.removeprefix(SHARE)),
        frame[losses].rename(columns=lambda column: column.removeprefix(LOSS)),
    )


def _number(row: list[str], column: int, number: int, name: str) -> float:
    cell = row[column] if column < len(row) else ""
    try:
        value = float(cell)
    except ValueError:
        value = np.nan
    if not np.isfinite(value) or value < 0:
        raise ValueError(f"row {number}, column '{name}': '{cell}' is no number of 0 or more; write one such as 0.25")
    return value
