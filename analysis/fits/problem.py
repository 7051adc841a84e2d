"""A law and runs made ready for descent: which parameters are free, and residuals with their Jacobian."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import numpy as np
import pandas as pd

from analysis.fits.dual import Dual, Exp
from analysis.laws.law import Law
from analysis.laws.param import Param, from_search, group_names, to_search

MOST_STARTS = 100_000


class Problem:
    """Residuals of a law on runs as a function of its free parameters, batched over S vectors.

    The search runs over the logs of parameters that have one sign, over the others as they are (see `to_search`).
    `fixed` maps symbols (or symbol[group]) to a value, or to S values, one per vector of the batch.
    `names` lists the free parameters; `low` and `high` (P,) are their bounds, in search coordinates; `cells` is the
    most numbers that a vector needs for one symbol; runs of the same number in `blocks` (n,) are resampled together.
    """

    def __init__(self, law: Law, runs: pd.DataFrame, fixed: Mapping[str, float | np.ndarray], logs: bool):
        self.law, self.logs = law, logs
        fixed = {**law.constants(fixed), **fixed}
        self.columns = law.columns(fixed, runs)
        self.cells = max([len(runs), *(np.shape(column)[-1] for column in self.columns.values() if np.ndim(column))])
        self.blocks = self.columns.get("stretch", np.arange(len(runs)))
        target = runs[law.target].to_numpy(float)
        self.target = np.log(target) if logs else target
        self.constants: dict[str, np.ndarray] = {}
        self.slots: list[tuple[str, Param, np.ndarray | None]] = []
        self.tied = law.tied
        for param in [param for param in law.params if not param.same_as]:
            self._place_groups(param, fixed) if param.per else self._place(param, fixed)
        self.names = tuple(name for name, _, _ in self.slots)
        self.signs = np.array([param.sign for _, param, _ in self.slots])
        self.low, self.high = self._spans([param.bounds for _, param, _ in self.slots])

    def _place(self, param: Param, fixed: Mapping) -> None:
        if param.symbol in fixed:
            self.constants[param.symbol] = np.reshape(fixed[param.symbol], (-1, 1)).astype(float)
        else:
            self.slots.append((param.symbol, param, None))

    def _place_groups(self, param: Param, fixed: Mapping) -> None:
        column = self.columns.get(param.per, np.full(len(self.target), None))
        names = group_names(param, column)
        known = np.ones((1, len(self.target)))
        free: dict[str, np.ndarray] = {}
        for group in sorted(set(names) - {None}):
            mask = names == group
            key = f"{param.symbol}[{group}]"
            value = fixed.get(key, fixed.get(param.symbol))
            if value is None:
                key = param.symbol if param.shared else key
                free[key] = free.get(key, False) | mask
            else:
                known = np.where(mask, np.reshape(value, (-1, 1)), known)
        self.slots += [(key, param, mask) for key, mask in free.items()]
        self.constants[param.symbol] = known

    def starts(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """`count` rows of search coordinates, spread evenly over the span of each parameter's starts."""
        low, high = self._spans([(min(p.starts), max(p.starts)) for _, p, _ in self.slots])
        return rng.uniform(low, high, (count, len(self.slots)))

    def grid(self, values: Mapping[str, Sequence[float] | np.ndarray]) -> np.ndarray:
        """Every combination of the `values` by symbol (all groups of a symbol start alike), else of the law's starts.

        Values outside the bounds of a parameter become the nearest bound. Raises ValueError for a symbol that is not
        free, for values that are no numbers, and for more than MOST_STARTS combinations.
        """
        symbols = dict.fromkeys(param.symbol for _, param, _ in self.slots)
        for symbol, numbers in values.items():
            if symbol not in symbols:
                raise ValueError(f"the grid has {symbol}, which is not free; free are {', '.join(symbols) or 'none'}")
            if not len(numbers) or not np.isfinite(np.asarray(numbers, float)).all():
                raise ValueError(f"the grid of {symbol} is {list(numbers)}; write one or more finite numbers")
        axes = {param.symbol: values.get(param.symbol, param.starts) for _, param, _ in self.slots}
        count = math.prod(len(axis) for axis in axes.values())
        if count > MOST_STARTS:
            raise ValueError(f"the grid has {count} starts; at most {MOST_STARTS} are tried: leave some values out")
        points = dict(zip(axes, np.reshape(list(itertools.product(*axes.values())), (count, len(axes))).T, strict=True))
        start = np.stack([points[param.symbol] for _, param, _ in self.slots], axis=1)
        bounds = np.array([param.bounds for _, param, _ in self.slots])
        return to_search(np.clip(start, *bounds.T), self.signs)

    def sample(self, runs: np.ndarray) -> Problem | None:
        """The same problem on some of the runs (indices) only; None where runs depend on each other or on groups."""
        if self.law.prepare or self.law.groups:
            return None
        sample, number = copy.copy(self), len(self.target)
        sample.target, sample.cells = self.target[runs], len(runs)
        sample.columns = {name: c[runs] if np.shape(c) == (number,) else c for name, c in self.columns.items()}
        return sample

    def part(self, rows: slice) -> Problem:
        """The same problem for `rows` of the batch only."""
        part = copy.copy(self)
        part.constants = {symbol: c if len(c) == 1 else c[rows] for symbol, c in self.constants.items()}
        return part

    def values(self, theta: np.ndarray) -> np.ndarray:
        """The free parameters' values at search coordinates `theta` (..., P)."""
        return from_search(theta, self.signs)

    def _spans(self, ends: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
        low, high = np.sort(to_search(np.reshape(ends, (-1, 2)).T, self.signs), axis=0)
        return low, high

    def __call__(self, theta: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residuals (S, n) and Jacobian (S, n, P) at coordinates `theta` (S, P) of the batch's `rows` (S,)."""
        shape = (len(theta), len(self.target))
        with np.errstate(all="ignore"):
            predicted = self.law.predict(self._symbols(theta, rows), SimpleNamespace(**self.columns))
            out = np.log(predicted) if self.logs else predicted
            value, slopes = (out.value, out.slopes) if isinstance(out, Dual) else (out, {})
            planes = np.empty((len(theta), len(self.slots), len(self.target)))  # in this order for the products of it
            for i, (_, param, mask) in enumerate(self.slots):
                slope = slopes.get(param.symbol, 0.0)
                planes[:, i] = slope if mask is None else slope * mask
        return np.broadcast_to(value, shape) - self.target, planes.transpose(0, 2, 1)

    def _symbols(self, theta: np.ndarray, rows: np.ndarray) -> SimpleNamespace:
        symbols: dict[str, Dual | np.ndarray] = {
            symbol: constant if len(constant) == 1 else constant[rows] for symbol, constant in self.constants.items()
        }
        searched: dict[str, np.ndarray] = {}
        for i, (_, param, mask) in enumerate(self.slots):
            symbol, own = param.symbol, theta[:, i : i + 1]
            if mask is not None:
                own = np.where(mask, own, searched.get(symbol, to_search(symbols[symbol], param.sign)))
            searched[symbol] = own
            symbols[symbol] = _as_dual(symbol, own, param.sign)
        symbols |= {symbol: symbols[other] for symbol, other in self.tied.items()}
        return SimpleNamespace(**symbols)


def _as_dual(symbol: str, searched: np.ndarray, sign: int) -> Dual:
    own = Dual(searched, {symbol: 1.0})
    return own if sign == 0 else Exp(own) if sign > 0 else -Exp(own)
