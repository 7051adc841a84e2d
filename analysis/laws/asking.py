"""Questions put to a law whose values are known: what it predicts and what follows, at a point and along one number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.laws.columns import COLUMNS, column_of
from analysis.laws.law import Derived, Law

LINEAR = 200.0  # a column whose usual values span less than this factor is swept evenly, and not beyond them
FURTHER = 1000.0  # how far beyond its usual values any other is swept
POINTS = 121


def questions(law: Law) -> dict[str, str]:
    """What a law can be asked by name, in words: what it predicts, and what it derives from known columns."""
    derived = {quantity.name: _in_words(quantity) for quantity in _derived(law)}
    return {law.target: law.predicts.label} | derived


def needed(law: Law, name: str | None = None) -> tuple[str, ...]:
    """The columns that the answer to a question depends on; those of all questions unless one is named."""
    own = {law.target: law.inputs} | {quantity.name: quantity.given for quantity in _derived(law)}
    return own[name] if name else tuple(dict.fromkeys(column for columns in own.values() for column in columns))


def answer(law: Law, values: Mapping[str, float], name: str, x: Mapping[str, Any]) -> np.ndarray:
    """The answer to one question at the columns `x`; NaN where the law gives no number."""
    with np.errstate(all="ignore"):
        found = law.evaluate(values, x) if name == law.target else law.derive(name, values, dict(law.absent) | dict(x))
    return np.where(np.isfinite(found), found, np.nan)


def answers(law: Law, values: Mapping[str, float], x: Mapping[str, Any]) -> pd.DataFrame:
    """Every question with its answer at one point: name, meaning, value, source; without those `x` says too little
    for."""
    asked = {name: said for name, said in questions(law).items() if _enough(law, name, x)}
    sources = {quantity.name: quantity.source for quantity in law.derived}
    rows = [
        (name, said, float(np.ravel(answer(law, values, name, x))[0]), sources.get(name, law.source_id))
        for name, said in asked.items()
    ]
    return pd.DataFrame(rows, columns=["name", "meaning", "value", "source"])


def beyond(law: Law, table: pd.DataFrame, x: Mapping[str, Any]) -> list[str]:
    """What of `x` lies beyond a limit that the law derives, in sentences; `table` is that of `answers`."""
    found = dict(zip(table["name"], table["value"], strict=True))
    passed = [limit for limit in law.derived if limit.limits in x and x[limit.limits] > found.get(limit.name, np.inf)]
    return [
        f"{x[limit.limits]:.4g} {column_of(limit.limits).words} are more than the {found[limit.name]:.3g} "
        f"{_with_numbers(limit, x)}"
        for limit in passed
    ]


def _in_words(quantity: Derived) -> str:
    """The meaning of a quantity with the words of the columns that it names."""
    meaning = quantity.meaning
    for column in quantity.given:
        if "_" in column:  # others are words
            meaning = meaning.replace(column, f"the {COLUMNS[column].words} given")
    return meaning


def _with_numbers(quantity: Derived, x: Mapping[str, Any]) -> str:
    """The meaning of a quantity with the values of the columns that it names."""
    meaning = quantity.meaning
    for column in quantity.given:
        meaning = meaning.replace(column, f"{x[column]:g}")
    return meaning


def sweep(law: Law, values: Mapping[str, float], name: str, x: Mapping[str, Any], along: str) -> pd.DataFrame:
    """The answer to one question along one of its numbers, all others as in `x`: columns `along`, value, and whether
    that is outside the law or the runs behind its published values."""
    grid = grid_along(along, x[along])
    point = {column: np.full(len(grid), given) for column, given in x.items()} | {along: grid}
    return pd.DataFrame(
        {along: grid, "value": np.broadcast_to(answer(law, values, name, point), grid.shape)}
        | {"outside": law.outside(point, published=True)[0]}
    )


def grid_along(along: str, here: float) -> np.ndarray:
    """The values at which a column is swept: its usual ones and `here`, and far beyond where they span decades."""
    column = COLUMNS[along]
    low, high = column.usual or (here, here)
    if high / low < LINEAR:
        grid = np.linspace(min(low, here), max(high, here), POINTS)
        return np.unique(np.round(grid)) if column.whole else grid
    return np.geomspace(min(low, here), max(high * FURTHER, here), POINTS)


def _derived(law: Law) -> list[Derived]:
    return [quantity for quantity in law.derived if all(column in COLUMNS for column in quantity.given)]


def _enough(law: Law, name: str, x: Mapping[str, Any]) -> bool:
    return all(column in x or column in law.absent for column in needed(law, name) if column_of(column).usual)
