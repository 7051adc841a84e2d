"""Claims about arithmetic that this program emulates: L-Mul, exp in few operations, softmax in fewer passes."""

from __future__ import annotations

import numpy as np

from analysis.evidence.check import Check
from analysis.evidence.facts import Facts
from analysis.formats.functions.exponentials import exp_polynomial
from analysis.formats.functions.machine import PRECISIONS, Machine
from analysis.formats.functions.softmax import DEGREE, SOFTMAXES, Memory
from analysis.formats.functions.trials import FUNCTIONS, errors
from analysis.formats.reductions import products

PAIRS = 20_000  # products by L-Mul and by floats
POINTS, ROW = 2**14, 2**12  # of exp, and elements of a softmax


def bits_as_exact_as_e4m3(facts: Facts) -> float:
    """The fewest mantissa bits of L-Mul whose mean relative error is not above that of a product in e4m3."""
    return _fewest_bits("e4m3", "mean_error")


def bits_as_exact_as_e5m2(facts: Facts) -> float:
    """The fewest mantissa bits of L-Mul whose RMS relative error is not above that of a product in e5m2."""
    return _fewest_bits("e5m2", "rms_error")


def _fewest_bits(peer: str, error: str) -> float:
    table = products(pairs=PAIRS)
    own = table[table["kind"] == "L-Mul"]
    bound = abs(float(table.loc[table["kind"] == peer, error].iloc[0]))
    return float(own.loc[own[error].abs() <= bound, "mantissa_bits"].min())


def worst_exp_error(facts: Facts) -> float:
    """The largest error of exp by a polynomial in float32 over all results that it can hold [ULP]."""
    machine, span = Machine(PRECISIONS["fp32"]), FUNCTIONS["exp"]
    x = machine.number(np.linspace(span.low, span.high, POINTS))
    return errors(exp_polynomial(x, DEGREE).values, np.exp(x.values.astype(np.float64)), "fp32")["max_ulp"]


def passes_saved(facts: Facts) -> float:
    """How much faster two passes of softmax are than three when memory bounds both, by reads and writes counted [%]."""
    three, two = (_moved(name) for name in ("three passes", "two passes, mantissa and exponent"))
    return 100 * (three / two - 1)


def _moved(name: str) -> int:
    memory = Memory(np.random.default_rng(0).standard_normal(ROW).astype(np.float32))
    SOFTMAXES[name][0](memory, Machine(PRECISIONS["fp32"]))
    return memory.read + memory.written


PASSES = "Elements that three passes of softmax read and write over those of two, counted while they run."
CHECKS = (
    Check("autonumerics_zero_2023-01", "emulation", "The largest error of exp by a polynomial of degree 7 in float32 "
          "operations.", worst_exp_error, "at most"),
    Check("two_pass_softmax_2020-01", "ceiling", PASSES, passes_saved, "at least"),
    Check("two_pass_softmax_2020-02", "ceiling", PASSES, passes_saved, "at least"),
    Check("lmul_2024-03", "emulation", "The fewest mantissa bits of L-Mul whose mean error over 20,000 products is "
          "not above that of E4M3; by RMS error it stays above E4M3 at any width.", bits_as_exact_as_e4m3, "at most"),
    Check("lmul_2024-04", "emulation", "The fewest mantissa bits of L-Mul whose RMS error over 20,000 products is not "
          "above that of E5M2.", bits_as_exact_as_e5m2),
)  # fmt: skip
