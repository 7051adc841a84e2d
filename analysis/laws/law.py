"""A scaling law as data: its equation, inputs, parameters, validity, consequences and source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from analysis.laws.columns import COLUMNS, Column


@dataclass(frozen=True)
class Param:
    """A parameter of a law: `starts` seeds the search, `bounds` are those of its meaning.

    With `per`, every value of that column of the runs has a parameter of its own, named
    `symbol[value]`; for `baseline` it is 1 by definition. One with a `default` is a constant: no fit
    searches it, and another value is used where it is given.
    """

    symbol: str
    meaning: str
    starts: tuple[float, ...]
    bounds: tuple[float, float] = (1e-9, 1e15)
    per: str | None = None
    baseline: str | None = None
    default: float | None = None

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


@dataclass(frozen=True)
class Range:
    """The values of an input for which a law holds; `sentence` says what is known beyond them."""

    column: str
    low: float
    high: float
    sentence: str


@dataclass(frozen=True)
class Derived:
    """A number that follows from a law: `of(p, x)` of its values and of the columns `given`; unit in the meaning."""

    name: str
    meaning: str
    of: Callable[[Any, Any], Any]
    given: tuple[str, ...] = ()
    source: str = "derived here"


@dataclass(frozen=True)
class Law:
    """A law target = predict(p, x): p has an attribute per symbol, x one per input column or feature.

    `counts` says what N counts (total or non_embedding), "" for a law without N. `prepare(x, constants)` adds the
    `features` to a table of inputs, for a law whose rows are points of curves.
    """

    name: str
    title: str
    formula: str
    inputs: tuple[str, ...]
    params: tuple[Param, ...]
    predict: Callable[[Any, Any], Any]
    source_id: str
    counts: str = ""
    target: str = "loss"
    ranges: tuple[Range, ...] = ()
    derived: tuple[Derived, ...] = ()
    features: tuple[str, ...] = ()
    prepare: Callable[[pd.DataFrame, Mapping[str, float]], pd.DataFrame] | None = None
    notes: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[Param, ...]:
        """The parameters that have one value per group of runs."""
        return tuple(param for param in self.params if param.per)

    @property
    def numeric_inputs(self) -> tuple[str, ...]:
        """The inputs that are numbers, not names."""
        return tuple(name for name in self.inputs if COLUMNS[name].usual)

    @property
    def predicts(self) -> Column:
        """The words and the unit of what the law predicts."""
        return COLUMNS[self.target]

    def constants(self, values: Mapping[str, Any]) -> dict[str, float]:
        """The parameters that no fit searches: the value given, else the default."""
        own = {param.symbol: param.default for param in self.params if param.default is not None}
        return {symbol: float(np.ravel(values.get(symbol, default))[0]) for symbol, default in own.items()}

    def columns(self, values: Mapping[str, Any], x: Mapping[str, Any] | pd.DataFrame) -> dict[str, np.ndarray]:
        """The inputs and features of `x`, by name; numbers as floats."""
        if self.prepare:
            x = self.prepare(pd.DataFrame(x), self.constants(values))
        types = dict.fromkeys((*self.numeric_inputs, *self.features), float)
        return {n: np.asarray(x[n], types.get(n)) for n in (*self.inputs, *self.features) if n in x}

    def evaluate(self, values: Mapping[str, Any], x: Mapping[str, Any] | pd.DataFrame) -> np.ndarray:
        """Predicted target for parameter `values` by symbol and input columns `x`.

        A grouped parameter is looked up as `symbol[value of its column]`, else as plain `symbol`;
        a missing column or the baseline means 1. Raises ValueError naming a symbol that has no value.
        """
        columns = self.columns(values, x)
        return np.asarray(self.predict(self._resolved(values, columns), SimpleNamespace(**columns)), dtype=float)

    def derive(self, name: str, values: Mapping[str, Any], x: Mapping[str, Any] | None = None) -> np.ndarray:
        """The derived quantity of that name, for parameter `values` and the columns it is `given`."""
        known = {quantity.name: quantity for quantity in self.derived}
        if name not in known:
            raise ValueError(f"law {self.name} derives no '{name}'; it derives {', '.join(known) or 'nothing'}")
        missing = [column for column in known[name].given if column not in (x or {})]
        if missing:
            raise ValueError(f"{name} of law {self.name} needs {', '.join(missing)}")
        columns = {column: np.asarray(numbers) for column, numbers in (x or {}).items()}
        return np.asarray(known[name].of(self._resolved(values, columns), SimpleNamespace(**columns)), dtype=float)

    def outside(self, x: Mapping[str, Any] | pd.DataFrame) -> tuple[np.ndarray, tuple[str, ...]]:
        """Which rows of `x` lie outside the law's validity (n,), and the sentences that say why."""
        beyond = {r: (np.asarray(x[r.column], float) < r.low) | (np.asarray(x[r.column], float) > r.high)
                  for r in self.ranges if r.column in x}  # fmt: skip
        shape = np.broadcast_shapes(*(np.shape(x[name]) for name in self.inputs if name in x))
        mask = np.any([np.broadcast_to(own, shape) for own in beyond.values()] or [np.zeros(shape, bool)], axis=0)
        return mask, tuple(dict.fromkeys(r.sentence for r, own in beyond.items() if own.any()))

    def _resolved(self, values: Mapping[str, Any], columns: Mapping[str, np.ndarray]) -> SimpleNamespace:
        known = self.constants(values) | values
        return SimpleNamespace(**{param.symbol: _value_of(param, known, columns) for param in self.params})


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
