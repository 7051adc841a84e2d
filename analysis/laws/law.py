"""A scaling law as data: its equation, inputs, parameters, validity, consequences and source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from analysis.laws.columns import COLUMNS, Column, column_of
from analysis.laws.param import Param, value_of

__all__ = ["Derived", "Law", "Param", "Range"]


@dataclass(frozen=True)
class Range:
    """The values of an input for which a law holds; `sentence` says what is known beyond them.

    A `published` range is the span of the runs behind the published coefficients, not a limit of the equation.
    """

    column: str
    low: float
    high: float
    sentence: str
    published: bool = False

    def misses(self, numbers: Any) -> np.ndarray:
        """True where a number lies outside."""
        return (np.asarray(numbers, float) < self.low) | (np.asarray(numbers, float) > self.high)


@dataclass(frozen=True)
class Derived:
    """A number that follows from a law: `of(p, x)` of its values and of the columns `given`; unit in the meaning.

    One that `limits` an input says how far that may go.
    """

    name: str
    meaning: str
    of: Callable[[Any, Any], Any]
    given: tuple[str, ...] = ()
    source: str = "derived here"
    limits: str = ""


@dataclass(frozen=True)
class Law:
    """A law target = predict(p, x): p has an attribute per symbol, x one per input column.

    `counts` says what N counts (total or non_embedding), "" for a law without N; `absent` what a missing input means,
    where it means something. A law whose rows are points of curves has `prepare(x, constants)`, which makes further
    columns (rows on the last axis) from the inputs of all rows. `domain` is a key of analysis.laws.domains.DOMAINS;
    `terms` are those a user set (analysis.laws.terms).
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
    absent: Mapping[str, float] = field(default_factory=dict, hash=False)
    ranges: tuple[Range, ...] = ()
    derived: tuple[Derived, ...] = ()
    prepare: Callable[[pd.DataFrame, Mapping[str, float]], Mapping[str, np.ndarray]] | None = None
    notes: tuple[str, ...] = ()
    domain: str = "language models"
    terms: Any = field(default=None, hash=False)

    @property
    def groups(self) -> tuple[Param, ...]:
        """The parameters that have one value per group of runs."""
        return tuple(param for param in self.params if param.per)

    @property
    def numeric_inputs(self) -> tuple[str, ...]:
        """The inputs that are numbers, not names."""
        return tuple(name for name in self.inputs if column_of(name).usual)

    @property
    def required_inputs(self) -> tuple[str, ...]:
        """The numeric inputs without which nothing can be predicted."""
        return tuple(name for name in self.numeric_inputs if name not in self.absent)

    @property
    def predicts(self) -> Column:
        """The words and the unit of what the law predicts."""
        return COLUMNS[self.target]

    @property
    def tied(self) -> dict[str, str]:
        """The parameters that have the value of another: that other one by symbol."""
        return {param.symbol: param.same_as for param in self.params if param.same_as}

    def with_tied(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What is known of the parameters, by name, with the same of those that are tied to them."""
        known = dict(values)
        for symbol, other in self.tied.items():
            known |= {symbol + n.removeprefix(other): v for n, v in values.items() if n.partition("[")[0] == other}
        return known

    def constants(self, values: Mapping[str, Any]) -> dict[str, float]:
        """The parameters that no fit searches: the value given, else the default."""
        own = {param.symbol: param.default for param in self.params if param.default is not None}
        return {symbol: float(np.ravel(values.get(symbol, default))[0]) for symbol, default in own.items()}

    def columns(self, values: Mapping[str, Any], x: Mapping[str, Any] | pd.DataFrame) -> dict[str, np.ndarray]:
        """The inputs and features of `x`, by name: numbers as floats, what is absent as what that means."""
        found = {n: column_of(n).read(x[n], self.absent.get(n)) for n in self.inputs if n in x}
        found |= {name: np.asarray(value) for name, value in self.absent.items() if name not in x}
        return found | (dict(self.prepare(pd.DataFrame(found), self.constants(values))) if self.prepare else {})

    def evaluate(self, values: Mapping[str, Any], x: Mapping[str, Any] | pd.DataFrame) -> np.ndarray:
        """Predicted target for parameter `values` by symbol and input columns `x`.

        A grouped parameter is looked up as `symbol[value of its column]`, else as plain `symbol`;
        a missing column or the baseline means 1. Raises ValueError naming a symbol that has no value.
        """
        columns = self.columns(values, x)
        with np.errstate(all="ignore"):  # outside its validity a law may have no value: NaN, not a warning
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

    def outside(
        self, x: Mapping[str, Any] | pd.DataFrame, published: bool = False
    ) -> tuple[np.ndarray, tuple[str, ...]]:
        """Which rows of `x` lie outside the law's validity (n,), and the sentences that say why.

        With `published`, for predictions from published coefficients, the span of their runs is a limit too.
        """
        limits = [r for r in self.ranges if r.column in x and (published or not r.published)]
        shape = np.broadcast_shapes(*(np.shape(x[name]) for name in self.inputs if name in x))
        missed = [np.broadcast_to(limit.misses(x[limit.column]), shape) for limit in limits]
        sentences = [limit.sentence for limit, own in zip(limits, missed, strict=True) if own.any()]
        return np.any([np.zeros(shape, bool), *missed], axis=0), tuple(dict.fromkeys(sentences))

    def __reduce__(self) -> tuple[Callable[..., Law], tuple[Any, ...]]:
        """A law travels between processes by its name and terms, since not every function in it has a name."""
        from analysis.laws.terms import recalled  # that module imports this one

        return recalled, (self.name, self.terms)

    def _resolved(self, values: Mapping[str, Any], columns: Mapping[str, np.ndarray]) -> SimpleNamespace:
        known = self.with_tied({**self.constants(values), **values})
        return SimpleNamespace(**{param.symbol: value_of(param, known, columns) for param in self.params})
