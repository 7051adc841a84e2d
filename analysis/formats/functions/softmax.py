"""Softmax in two and three passes over memory, whose reads and writes are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from analysis.formats.functions.exponentials import exp_polynomial, extended
from analysis.formats.functions.machine import Machine, Number

DEGREE = 7
LOWEST = -87.0  # exp of less is no normal float32
FARTHEST = -300.0  # times 2 to this is nothing beside what is kept
BLOCK = 2**14  # elements that stay in a near cache between the steps of a pass


class Memory:
    """The row and room for its softmax; counts the elements that passes read and write."""

    def __init__(self, x: np.ndarray) -> None:
        self.x, self.result = x, np.empty_like(x)
        self.read = self.written = 0

    def blocks(self, machine: Machine) -> Iterator[tuple[slice, Number]]:
        """The row from its first element to its last: one pass of reading."""
        for start in range(0, len(self.x), BLOCK):
            place = slice(start, start + BLOCK)
            values = machine.number(self.x[place])
            self.read += len(values.values)
            yield place, values

    def write(self, place: slice, values: Number) -> None:
        """Puts a part of the result."""
        self.written += len(values.values)
        self.result[place] = values.values


def naive(memory: Memory, machine: Machine) -> None:
    """exp(x) over the sum of exp(x): overflows from 88.7 on."""
    total = machine.number(0)
    for _, x in memory.blocks(machine):
        total = total + exp_polynomial(x, DEGREE).sum()
    for place, x in memory.blocks(machine):
        memory.write(place, exp_polynomial(x, DEGREE) / total)


def three_pass(memory: Memory, machine: Machine) -> None:
    """The largest element, the sum of exp(x - largest), and the quotients, for which exp is computed anew."""
    top, total = machine.number(-np.inf), machine.number(0)
    for _, x in memory.blocks(machine):
        top = top.maximum(x.largest())
    for _, x in memory.blocks(machine):
        total = total + exp_polynomial(x - top, DEGREE).sum()
    for place, x in memory.blocks(machine):
        memory.write(place, exp_polynomial(x - top, DEGREE) / total)


def online(memory: Memory, machine: Machine) -> None:
    """The sum of exp(x - largest so far), scaled down whenever a larger one comes; then the quotients.

    Source: arXiv 1805.02867, here a block of elements at a time.
    """
    top, total = machine.number(-3e38), machine.number(0)
    for _, x in memory.blocks(machine):
        higher = top.maximum(x.largest())
        smaller = exp_polynomial((top - higher).maximum(LOWEST), DEGREE)
        total = total * smaller + exp_polynomial(x - higher, DEGREE).sum()
        top = higher
    for place, x in memory.blocks(machine):
        memory.write(place, exp_polynomial(x - top, DEGREE) / total)


def two_pass(memory: Memory, machine: Machine) -> None:
    """Every exp(x) and their sum as a mantissa and an exponent, so that no largest element is needed first.

    Source: arXiv 2001.04438.
    """
    total, exponent = machine.number(0), machine.number(-3e4)
    for _, x in memory.blocks(machine):
        m, n = extended(x, DEGREE)
        higher = exponent.maximum(n.largest())
        shifted = m.times_power_of_two((n - higher).maximum(FARTHEST))
        total = total.times_power_of_two((exponent - higher).maximum(FARTHEST)) + shifted.sum()
        exponent = higher
    for place, x in memory.blocks(machine):
        m, n = extended(x, DEGREE)
        memory.write(place, (m / total).times_power_of_two(n - exponent))


Pass = Callable[[Memory, Machine], None]
SOFTMAXES: dict[str, tuple[Pass, str]] = {
    "no maximum first": (naive, "overflows for elements above 88.7"),
    "three passes": (three_pass, "the usual one"),
    "two passes, running maximum": (online, "arXiv 1805.02867"),
    "two passes, mantissa and exponent": (two_pass, "arXiv 2001.04438"),
}
