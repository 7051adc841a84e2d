"""A parameter of a law: its symbol and meaning, how it is searched, and its values per group of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Param:
    """A parameter of a law: `starts` seeds the search, `bounds` are those of its meaning.

    With `per`, every value of that column of the runs has a parameter of its own, named
    `symbol[value]`; for `baseline` it is 1 by definition, and `shared` makes it one parameter for all other
    values; where it is `required`, there is no such 1 and every run must name its group. One with a `default` is
    a constant: no fit searches it, and another value is used where it is given. `same_as` names the parameter whose
    value it has.
    """

    symbol: str
    meaning: str
    starts: tuple[float, ...]
    bounds: tuple[float, float] = (1e-9, 1e15)
    per: str | None = None
    baseline: str | None = None
    default: float | None = None
    shared: bool = False
    required: bool = False
    same_as: str | None = None

    @property
    def sign(self) -> int:
        """1 or -1 where the bounds allow one sign only: the search runs over the log of the size; else 0."""
        low, high = self.bounds
        return 1 if low > 0 else -1 if high < 0 else 0


def to_search(values: Any, signs: Any) -> np.ndarray:
    """Parameter values as the search sees them: the log of the size where a sign is known, else as they are."""
    with np.errstate(all="ignore"):
        return np.where(np.equal(signs, 0), values, np.log(np.multiply(values, signs)))


def from_search(theta: Any, signs: Any) -> np.ndarray:
    """Parameter values from search coordinates; the inverse of `to_search`."""
    with np.errstate(all="ignore"):
        return np.where(np.equal(signs, 0), theta, signs * np.exp(theta))


def value_of(param: Param, values: Mapping[str, Any], columns: Mapping[str, np.ndarray]) -> Any:
    """What stands for a parameter in the equation: its value in `values`, or one per row for a grouped one."""
    if not param.per:
        if param.symbol not in values:
            raise ValueError(f"no value for {param.symbol}; give {param.symbol}=..., meaning: {param.meaning}")
        return values[param.symbol]
    if param.per not in columns and not param.required:
        return values.get(param.symbol, 1.0)
    if param.per not in columns:
        raise ValueError(f"no column '{param.per}'; {param.symbol} has one value for each of its values")
    groups = group_names(param, columns[param.per])
    lookup = {name: _group_value(param, values, name) for name in set(groups.ravel())}
    return np.array([lookup[name] for name in groups.ravel()], dtype=float).reshape(groups.shape)


def _group_value(param: Param, values: Mapping[str, Any], name: str | None) -> float:
    if name is None:
        return 1.0
    key = f"{param.symbol}[{name}]"
    if key not in values and param.symbol not in values:
        known = ", ".join(sorted(v for v in values if v.startswith(f"{param.symbol}["))) or "none"
        raise ValueError(f"no value for {key}; known are {known}; give {key}=... or fit it")
    return values.get(key, values.get(param.symbol))


def group_names(param: Param, column: np.ndarray) -> np.ndarray:
    """The group of each entry of a column as text, None where it is the baseline or missing.

    Raises ValueError for a missing one where the parameter is required.
    """
    names = np.asarray(column, dtype=object)
    flat = [None if is_baseline(param, name) else str(name) for name in names.ravel()]
    if param.required and None in flat:
        advice = f"{param.symbol} has one value for each {param.per}: name it or drop the row"
        raise ValueError(f"{param.per} is missing in row {flat.index(None) + 1} of {len(flat)}; {advice}")
    return np.array(flat, dtype=object).reshape(names.shape)


def is_baseline(param: Param, name: Any) -> bool:
    """True when a group is the law's reference, for which the parameter is 1 (also for a missing name)."""
    return bool(pd.isna(name)) or str(name).lower() in ("", "none", "nan", param.baseline)
