"""Arithmetic that rounds every result to a format and counts what it is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


def to_float32(x: np.ndarray) -> np.ndarray:
    """Rounded to float32."""
    return x.astype(np.float32, copy=False)


def to_bf16(x: np.ndarray) -> np.ndarray:
    """Finite numbers rounded to float32 and from there to bf16, to nearest-even, as float32."""
    bits = x.astype(np.float32, copy=False).view(np.uint32)
    return ((bits + (np.uint32(0x7FFF) + ((bits >> 16) & 1))) & np.uint32(0xFFFF0000)).view(np.float32)


def to_float64(x: np.ndarray) -> np.ndarray:
    """Rounded to float64."""
    return x.astype(np.float64, copy=False)


@dataclass(frozen=True)
class Precision:
    """significant: bits of a number, the leading one among them. lowest: the exponent of the smallest normal one."""

    name: str
    significant: int
    lowest: int
    rounded: Callable[[np.ndarray], np.ndarray]

    def ulp(self, exact: np.ndarray) -> np.ndarray:
        """The distance of neighbours around float64 values: 2^(floor(log2 |exact|) + 1 - significant)."""
        exponent = np.frexp(np.where(exact == 0, 1, exact))[1] - 1
        exponent = np.where(exact == 0, self.lowest, np.maximum(exponent, self.lowest))
        return np.ldexp(1.0, exponent + 1 - self.significant)


PRECISIONS = {
    row.name: row
    for row in (
        Precision("fp32", 24, -126, to_float32),
        Precision("bf16", 8, -126, to_bf16),
        Precision("fp64", 53, -1022, to_float64),
    )
}


@dataclass(frozen=True)
class Machine:
    """Makes numbers of a precision; `operations` counts what is done with elements of them, by kind."""

    precision: Precision
    operations: Counter = field(default_factory=Counter)

    def number(self, x: np.ndarray | float) -> Number:
        """`x` rounded; not counted."""
        return Number(self.precision.rounded(np.asarray(x, np.float64)), self)


@dataclass(frozen=True, eq=False)
class Number:
    """Rounded values on a machine; every operation rounds once and counts as one, constants are rounded first."""

    values: np.ndarray
    machine: Machine

    def _result(self, kind: str, values: np.ndarray) -> Number:
        self.machine.operations[kind] += values.size
        return Number(self.machine.precision.rounded(values), self.machine)

    def _other(self, other: Number | float) -> np.ndarray:
        return other.values if isinstance(other, Number) else self.machine.number(other).values

    def __add__(self, other: Number | float) -> Number:
        return self._result("add", self.values + self._other(other))

    def __radd__(self, other: float) -> Number:
        return self + other

    def __sub__(self, other: Number | float) -> Number:
        return self._result("add", self.values - self._other(other))

    def __rsub__(self, other: float) -> Number:
        return self._result("add", self._other(other) - self.values)

    def __mul__(self, other: Number | float) -> Number:
        return self._result("multiply", self.values * self._other(other))

    def __rmul__(self, other: float) -> Number:
        return self * other

    def __truediv__(self, other: Number | float) -> Number:
        return self._result("divide", self.values / self._other(other))

    def __rtruediv__(self, other: float) -> Number:
        return self._result("divide", self._other(other) / self.values)

    def __neg__(self) -> Number:
        return Number(-self.values, self.machine)

    def sum(self) -> Number:
        """The sum, in pairs as NumPy adds, rounded at the end; one addition an element."""
        self.machine.operations["add"] += self.values.size
        return Number(self.machine.precision.rounded(np.asarray(self.values.sum())), self.machine)

    def largest(self) -> Number:
        """The largest element; one comparison an element."""
        self.machine.operations["compare"] += self.values.size
        return Number(np.asarray(self.values.max()), self.machine)

    def __abs__(self) -> Number:
        return Number(np.abs(self.values), self.machine)

    def with_sign_of(self, other: Number) -> Number:
        """As a sign, a magnitude and a negation, free: they change no more than one bit."""
        return Number(np.copysign(self.values, other.values), self.machine)

    def nearest_integer(self) -> Number:
        """Rounded to a whole number."""
        return self._result("round", np.rint(self.values))

    def floor(self) -> Number:
        """The whole number below."""
        return self._result("round", np.floor(self.values))

    def clipped(self, low: float, high: float) -> Number:
        """Between two constants: two comparisons."""
        return -(-self.maximum(low)).maximum(-high)

    def maximum(self, other: Number | float) -> Number:
        """The larger of two."""
        return self._result("compare", np.maximum(self.values, self._other(other)))

    def times_power_of_two(self, exponent: Number) -> Number:
        """times 2^exponent, whole exponents: one addition to the exponent's bits."""
        return self._result("scale", np.ldexp(self.values, exponent.values.astype(np.int32)))

    def as_pattern(self) -> Number:
        """The float32 whose bit pattern is this number rounded to an integer: a conversion."""
        return self._result("round", np.rint(self.values).astype(np.int32).view(np.float32))

    def looked_up(self, table: np.ndarray) -> Number:
        """The entries of a table at whole numbers that are places in it."""
        return self._result("look up", table[self.values.astype(np.int32)])

    def square_root(self) -> Number:
        """As exact as a rounding allows."""
        return self._result("square root", np.sqrt(self.values))

    def logarithm(self) -> Number:
        """The natural one, by the library."""
        return self._result("logarithm", np.log(self.values))
