"""A law and runs made ready for descent: which parameters are free, and residuals with their Jacobian."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import pandas as pd

from analysis.dual import Dual
from analysis.laws.law import Law, Param, group_names


class Problem:
    """Residuals of a law on runs as a function of the logs of its free parameters, batched over S vectors.

    `fixed` maps symbols (or symbol[group]) to a value, or to S values, one per vector of the batch.
    `names` lists the free parameters; `low` and `high` (P,) are their bounds, in logs.
    """

    def __init__(self, law: Law, runs: pd.DataFrame, fixed: Mapping[str, float | np.ndarray], logs: bool):
        self.law, self.logs = law, logs
        grouped = {param.per for param in law.groups}
        types = {name: object if name in grouped else float for name in law.inputs}
        self.columns = {name: runs[name].to_numpy(types[name]) for name in law.inputs if name in runs}
        loss = runs["loss"].to_numpy(float)
        self.target = np.log(loss) if logs else loss
        self.constants: dict[str, np.ndarray] = {}
        self.slots: list[tuple[str, Param, np.ndarray | None]] = []
        for param in law.params:
            self._place_groups(param, fixed) if param.per else self._place(param, fixed)
        self.names = tuple(name for name, _, _ in self.slots)
        bounds = np.array([param.bounds for _, param, _ in self.slots], dtype=float).reshape(-1, 2)
        self.low, self.high = np.log(bounds[:, 0]), np.log(bounds[:, 1])

    def _place(self, param: Param, fixed: Mapping) -> None:
        if param.symbol in fixed:
            self.constants[param.symbol] = np.reshape(fixed[param.symbol], (-1, 1)).astype(float)
        else:
            self.slots.append((param.symbol, param, None))

    def _place_groups(self, param: Param, fixed: Mapping) -> None:
        column = self.columns.get(param.per, np.full(len(self.target), None))
        names = group_names(param, column)
        known = np.ones((1, len(self.target)))
        for group in sorted(set(names) - {None}):
            mask = names == group
            key = f"{param.symbol}[{group}]"
            value = fixed.get(key, fixed.get(param.symbol))
            if value is None:
                self.slots.append((key, param, mask))
            else:
                known = np.where(mask, np.reshape(value, (-1, 1)), known)
        self.constants[param.symbol] = known

    def starts(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """`count` rows of log parameters, spread log-uniformly over the span of each parameter's starts."""
        spans = np.log([(min(p.starts), max(p.starts)) for _, p, _ in self.slots]).reshape(-1, 2)
        return rng.uniform(spans[:, 0], spans[:, 1], (count, len(self.slots)))

    def __call__(self, theta: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residuals (S, n) and Jacobian (S, n, P) at log parameters `theta` (S, P) of the batch's `rows` (S,)."""
        shape = (len(theta), len(self.target))
        with np.errstate(all="ignore"):
            loss = self.law.predict(self._symbols(np.exp(theta), rows), SimpleNamespace(**self.columns))
            out = np.log(loss) if self.logs else loss
            value, slopes = (out.value, out.slopes) if isinstance(out, Dual) else (out, {})
            jacobian = np.empty((*shape, len(self.slots)))
            for i, (_, param, mask) in enumerate(self.slots):
                jacobian[:, :, i] = slopes[param.symbol] if mask is None else slopes[param.symbol] * mask
        return np.broadcast_to(value, shape) - self.target, jacobian

    def _symbols(self, values: np.ndarray, rows: np.ndarray) -> SimpleNamespace:
        symbols: dict[str, Dual | np.ndarray] = {
            symbol: constant if len(constant) == 1 else constant[rows] for symbol, constant in self.constants.items()
        }
        for i, (_, param, mask) in enumerate(self.slots):
            own = values[:, i : i + 1]
            if mask is not None:
                before = symbols[param.symbol]
                own = np.where(mask, own, before.value if isinstance(before, Dual) else before)
            # With respect to its own log, the slope of a parameter is the parameter.
            symbols[param.symbol] = Dual(own, {param.symbol: own})
        return SimpleNamespace(**symbols)
