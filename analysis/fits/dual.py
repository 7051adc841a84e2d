"""Forward-mode derivatives: a law written for arrays also yields its exact Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

# For each operation and operand: the partial derivative, given the operands and the result. None stands for 1.
PARTIALS: dict[np.ufunc, tuple[Callable, ...]] = {
    np.add: (lambda a, b, y: None, lambda a, b, y: None),
    np.subtract: (lambda a, b, y: None, lambda a, b, y: -1.0),
    np.multiply: (lambda a, b, y: b, lambda a, b, y: a),
    np.divide: (lambda a, b, y: 1.0 / b, lambda a, b, y: -y / b),
    np.power: (lambda a, b, y: b * y / a, lambda a, b, y: np.log(np.where(np.equal(a, 0), 1, a)) * y),
    np.minimum: (lambda a, b, y: 1.0 * np.less_equal(a, b), lambda a, b, y: 1.0 * np.greater(a, b)),
    np.maximum: (lambda a, b, y: 1.0 * np.greater_equal(a, b), lambda a, b, y: 1.0 * np.less(a, b)),
    np.negative: (lambda a, y: -1.0,),
    np.exp: (lambda a, y: y,),
    np.log: (lambda a, y: 1.0 / a,),
    np.sqrt: (lambda a, y: 0.5 / y,),
}


class Dual(NDArrayOperatorsMixin):
    """An array with its derivatives by name: `slopes[symbol]`, an array or a number, broadcasts against `value`."""

    __slots__ = ("_slopes", "_value")

    def __init__(self, value: Any, slopes: Any):
        self._value = value
        self._slopes = slopes

    @property
    def value(self) -> np.ndarray:
        return self._value

    @property
    def slopes(self) -> Mapping[str, Any]:
        return self._slopes

    def __array_ufunc__(self, ufunc, method, *operands, **options):
        if ufunc is np.add and method == "reduceat":
            return _summed(*operands, **options)
        if method != "__call__" or options or ufunc not in PARTIALS:
            return NotImplemented
        in_logs = IN_LOGS[ufunc](*operands) if ufunc in IN_LOGS else None
        return _chained(ufunc, *operands) if in_logs is None else in_logs


class Exp(Dual):
    """The exponential of a Dual, computed only when asked for.

    Products, quotients and powers of positive numbers are sums and multiples of logs, so `A / N**alpha` costs one
    exponential per element and cannot overflow on the way.
    """

    __slots__ = ("log",)

    def __init__(self, log: Dual):
        super().__init__(None, None)
        self.log = log

    @property
    def value(self) -> np.ndarray:
        if self._value is None:
            self._value = np.exp(self.log.value)
        return self._value

    @property
    def slopes(self) -> Mapping[str, Any]:
        if self._slopes is None:
            self._slopes = {symbol: _times(self.value, slope) for symbol, slope in self.log.slopes.items()}
        return self._slopes


def _chained(ufunc: np.ufunc, *operands: Any) -> Dual:
    """The operation on values, its slopes by the chain rule."""
    values = [operand.value if isinstance(operand, Dual) else operand for operand in operands]
    result = ufunc(*values)
    slopes: dict[str, Any] = {}
    for operand, partial in zip(operands, PARTIALS[ufunc], strict=True):
        if isinstance(operand, Dual):
            factor = partial(*values, result)
            for symbol, slope in operand.slopes.items():
                term = slope if factor is None else _times(factor, slope)
                slopes[symbol] = slopes[symbol] + term if symbol in slopes else term
    return Dual(result, slopes)


def _summed(terms: Dual, starts: np.ndarray, axis: int) -> Dual:
    """The sums of stretches of `terms` along an axis, as np.add.reduceat gives them."""
    value = terms.value
    wide = {symbol: np.broadcast_to(slope, value.shape) for symbol, slope in terms.slopes.items()}
    slopes = {symbol: np.add.reduceat(slope, starts, axis=axis) for symbol, slope in wide.items()}
    return Dual(np.add.reduceat(value, starts, axis=axis), slopes)


def _times(factor: Any, slope: Any) -> Any:
    return factor if isinstance(slope, float) and slope == 1.0 else factor * slope


def _log_of(operand: Any) -> Any:
    """The log of an operand where it costs next to nothing, else None."""
    if isinstance(operand, Dual):
        return operand.log if isinstance(operand, Exp) else None
    return np.log(operand) if np.all(np.greater(operand, 0)) else None


def _product(a: Any, b: Any) -> Exp | None:
    a, b = _log_of(a), _log_of(b)
    return None if a is None or b is None else Exp(a + b)


def _quotient(a: Any, b: Any) -> Exp | None:
    a, b = _log_of(a), _log_of(b)
    return None if a is None or b is None else Exp(a - b)


def _power(a: Any, b: Any) -> Exp | None:
    a = _log_of(a)
    return None if a is None else Exp(_chained(np.multiply, b, a))


# The operations that may stay in logs; each answers None where its operands are not known to be positive.
IN_LOGS: dict[np.ufunc, Callable] = {
    np.multiply: _product,
    np.divide: _quotient,
    np.power: _power,
    np.sqrt: lambda a: _power(a, 0.5),
    np.log: lambda a: a.log if isinstance(a, Exp) else None,
    np.exp: Exp,
}
