"""A scaling law as data: its equation, inputs, parameters and source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Param:
    """A parameter of a law: `starts` seeds the search, `bounds` are those of its meaning.

    With `per`, every value of that column of the runs has a parameter of its own, named
    `symbol[value]`; for `baseline` it is 1 by definition.
    """

    symbol: str
    meaning: str
    starts: tuple[float, ...]
    bounds: tuple[float, float] = (1e-9, 1e15)
    per: str | None = None
    baseline: str | None = None


@dataclass(frozen=True)
class Law:
    """A law L = predict(p, x): p has an attribute per symbol, x one per input column; loss in nats per token."""

    name: str
    title: str
    formula: str
    inputs: tuple[str, ...]
    params: tuple[Param, ...]
    predict: Callable[[Any, Any], Any]
    source_id: str
    counts: str
    notes: tuple[str, ...] = field(default=())

    @property
    def groups(self) -> tuple[Param, ...]:
        """The parameters that have one value per group of runs."""
        return tuple(param for param in self.params if param.per)

    def loss(self, values: Mapping[str, Any], x: Mapping[str, Any] | pd.DataFrame) -> np.ndarray:
        """Predicted loss [nats per token] for parameter `values` by symbol and input columns `x`.

        A grouped parameter is looked up as `symbol[value of its column]`, else as plain `symbol`;
        a missing column or the baseline means 1. Raises ValueError naming a symbol that has no value.
        """
        columns = {name: np.asarray(x[name]) for name in self.inputs if name in x}
        resolved = {param.symbol: _value_of(param, values, columns) for param in self.params}
        return np.asarray(self.predict(SimpleNamespace(**resolved), SimpleNamespace(**columns)), dtype=float)


def _value_of(param: Param, values: Mapping[str, Any], columns: Mapping[str, np.ndarray]) -> Any:
    if not param.per:
        if param.symbol not in values:
            raise ValueError(f"no value for {param.symbol}; give {param.symbol}=..., meaning: {param.meaning}")
        return values[param.symbol]
    if param.per not in columns:
        return values.get(param.symbol, 1.0)
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
    """The group of each entry of a column as text, None where it is the baseline or missing."""
    names = np.asarray(column, dtype=object)
    flat = [None if is_baseline(param, name) else str(name) for name in names.ravel()]
    return np.array(flat, dtype=object).reshape(names.shape)


def is_baseline(param: Param, name: Any) -> bool:
    """True when a group is the law's reference, for which the parameter is 1 (also for a missing name)."""
    return bool(pd.isna(name)) or str(name).lower() in ("", "none", "nan", param.baseline)
