"""The best width for a memory: quality against total bits, parameters times bits each.

Dettmers and Zettlemoyer 2022 publish no closed form, so this is none: it joins measurements of quality, for each width
by straight lines over the log of the total bits between the sizes measured, and says nothing beyond them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

WIDTH = ("weight_bits",)  # what tells one line from another; formats or block sizes may come on top
LEAST = 3  # sizes and widths that a series needs to be worth a figure
_SIZE = re.compile(r"[-_ ]?\d+(\.\d+)?[BM]\b.*$", re.IGNORECASE)


def series(quality: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The measurements of the table `quality` that a frontier can be drawn of, by words that name them.

    One series has one source, one axis and one family (the model's name before its size), with at least LEAST sizes
    and widths of weights.
    """
    sized = quality[quality["n_params"].notna() & quality["weight_bits"].notna()]
    family = sized["model"].str.replace(_SIZE, "", regex=True)
    found = {}
    for (source, axis, name), rows in sized.groupby(["source_id", "axis", family], sort=False):
        if rows["n_params"].nunique() >= LEAST and rows["weight_bits"].nunique() >= LEAST:
            found[f"{name}, {axis} ({source})"] = rows.reset_index(drop=True)
    return found


def total_bits(n_params: np.ndarray, weight_bits: np.ndarray) -> np.ndarray:
    """The bits of a model's weights: 30e9 parameters of 8 bits and 60e9 of 4 take the same 240 Gbit."""
    return np.asarray(n_params, float) * np.asarray(weight_bits, float)


def frontier(measured: pd.DataFrame) -> pd.DataFrame:
    """The measurements that none of fewer or equal total bits reaches, with a column `total_bits`, smallest first.

    `measured` has n_params, weight_bits, value and higher_is_better, the same for all rows.
    """
    sized = _sized(measured).sort_values(["total_bits", "value"], ascending=[True, not _higher(measured)])
    gained = sized["value"] * (1 if _higher(measured) else -1)
    return sized[gained > gained.cummax().shift(fill_value=-np.inf)].reset_index(drop=True)


def at_budgets(measured: pd.DataFrame, budgets: np.ndarray, by: Sequence[str] = WIDTH) -> pd.DataFrame:
    """The value of each line of `by` at each of `budgets` [total bits]: columns of `by`, total_bits, n_params, value.

    Straight lines over log total bits between the sizes measured, the best where one was measured twice; budgets
    outside what a line measured, and lines of one size, give no row.
    """
    budgets = np.asarray(budgets, float)
    best = "max" if _higher(measured) else "min"
    lines = []
    for _, own in _sized(measured).groupby(list(by), sort=True):
        points = own.groupby("total_bits")["value"].agg(best)
        reached = (budgets >= points.index[0]) & (budgets <= points.index[-1]) & (len(points) > 1)
        values = np.interp(np.log(budgets[reached]), np.log(points.index), points)
        line = pd.DataFrame({**own.iloc[0][list(by)], "total_bits": budgets[reached], "value": values})
        lines.append(line.assign(n_params=line["total_bits"] / own["weight_bits"].iloc[0]))
    return pd.concat(lines, ignore_index=True)


def best_at_budgets(measured: pd.DataFrame, budgets: np.ndarray, by: Sequence[str] = WIDTH) -> pd.DataFrame:
    """The line of best value at each budget that at least two lines reach, as rows of `at_budgets`."""
    values = at_budgets(measured, budgets, by)
    contested = values.groupby("total_bits")["value"].transform("size") > 1
    ordered = values[contested].sort_values("value", ascending=not _higher(measured), kind="stable")
    return ordered.drop_duplicates("total_bits").sort_values("total_bits", ignore_index=True)


def _sized(measured: pd.DataFrame) -> pd.DataFrame:
    return measured.assign(total_bits=total_bits(measured["n_params"], measured["weight_bits"]))


def _higher(measured: pd.DataFrame) -> bool:
    """Whether more is better; ValueError when there is nothing to compare or rows of both kinds."""
    kinds = set(measured["higher_is_better"])
    if len(kinds) != 1:
        raise ValueError(
            "there are no measurements to compare; choose one task and metric that has some"
            if not kinds
            else "the rows mix metrics of which more and of which less is better; choose one task and metric"
        )
    return bool(kinds.pop())
