"""The table of approximations, and what each one costs and loses."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from analysis.formats.functions.exponentials import exp_pattern, exp_polynomial, exp_table
from analysis.formats.functions.machine import PRECISIONS, Machine, Number
from analysis.formats.functions.others import (
    ORDER,
    erf_rational,
    gelu_by_erf,
    gelu_sigmoid,
    gelu_tanh,
    log_bessel,
    tanh_by_exp,
    tanh_fraction,
)
from analysis.formats.functions.softmax import BLOCK, SOFTMAXES, Memory

POINTS = 2**20
REPEATS = 5
ROW = 2**17  # elements of the row whose softmax is taken, spread as ROW_SPREAD around ROW_CENTER
ROW_CENTER, ROW_SPREAD = 60.0, 8.0


def _exact_gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return x * ndtr(x)


def _exact_erf(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return erf(x)


def _exact_log_bessel(x: np.ndarray) -> np.ndarray:
    from scipy.special import ive

    return np.log(ive(ORDER, x)) + x


@dataclass(frozen=True)
class Function:
    """`exact` in float64, and the ends between which approximations of it are tried."""

    exact: Callable[[np.ndarray], np.ndarray]
    low: float
    high: float


FUNCTIONS = {
    "exp": Function(np.exp, -87, 88),
    "tanh": Function(np.tanh, -9, 9),
    "erf": Function(_exact_erf, -4, 4),
    "gelu": Function(_exact_gelu, -5, 5),
    "log I": Function(_exact_log_bessel, 2 * ORDER, 40 * ORDER),
}


@dataclass(frozen=True)
class Approximation:
    """`run` on a precision; `stored`: the precision of the result where that is another."""

    function: str
    title: str
    run: Callable[[Number], Number]
    arithmetic: str = "fp32"
    stored: str = "fp32"


def _table() -> tuple[Approximation, ...]:
    rows = [Approximation("exp", f"polynomial of degree {d}", partial(exp_polynomial, degree=d)) for d in range(2, 8)]
    rows += [Approximation("exp", f"table of 32, degree {d}", partial(exp_table, degree=d)) for d in (2, 3)]
    rows += [Approximation("exp", "written into the bits", exp_pattern)]
    for arithmetic, degrees in (("fp32", (2, 3, 4)), ("bf16", (2, 3))):
        named = ((f"polynomial of degree {d}", partial(exp_polynomial, degree=d)) for d in degrees)
        rows += [Approximation("exp", title, run, arithmetic, "bf16") for title, run in named]
    rows += [
        Approximation("tanh", "by exp", tanh_by_exp),
        Approximation("tanh", "continued fraction", tanh_fraction),
        Approximation("erf", "rational, Abramowitz and Stegun 7.1.26", erf_rational),
        Approximation("gelu", "by erf", gelu_by_erf),
        Approximation("gelu", "by tanh", gelu_tanh),
        Approximation("gelu", "by a sigmoid", gelu_sigmoid),
    ]
    terms = range(4)
    rows += [
        Approximation("log I", f"large orders, {k} terms", partial(log_bessel, terms=k), "fp64", "fp64") for k in terms
    ]
    return tuple(rows)


APPROXIMATIONS = _table()


def errors(found: np.ndarray, exact: np.ndarray, precision: str) -> dict[str, float]:
    """max_ulp, mean_ulp in units of the precision's last place, max_relative and max_absolute; infinite where a
    result is not finite and the exact one is.
    """
    wrong = np.where(np.isfinite(found), np.abs(found - exact), np.inf)
    ulp = wrong / PRECISIONS[precision].ulp(exact)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(wrong == 0, 0, wrong / np.abs(exact))
    return {
        "max_ulp": float(ulp.max()),
        "mean_ulp": float(ulp.mean()),
        "max_relative": float(relative.max()),
        "max_absolute": float(wrong.max()),
    }


def tried(row: Approximation, points: int = POINTS) -> dict[str, str | float]:
    """What an approximation costs and loses at evenly spaced points: operations a value, errors, and time_ns a value
    of NumPy on data in the cache (NaN for bf16, which NumPy does not compute in).
    """
    function, precision = FUNCTIONS[row.function], PRECISIONS[row.arithmetic]
    machine = Machine(precision)
    x = machine.number(np.linspace(function.low, function.high, points))
    found = PRECISIONS[row.stored].rounded(row.run(x).values)
    exact = function.exact(x.values.astype(np.float64))
    near = Machine(precision).number(x.values[:BLOCK])
    seconds = np.nan if row.arithmetic == "bf16" else _seconds(lambda: row.run(near))
    named: dict[str, str | float] = {
        "function": row.function,
        "title": row.title,
        "arithmetic": row.arithmetic,
        "stored": row.stored,
    }
    cost = {"operations": machine.operations.total() / points, "time_ns": 1e9 * seconds / near.values.size}
    return named | cost | errors(found, exact, row.stored)


def approximations() -> pd.DataFrame:
    """A row an approximation of the table, as tried gives it."""
    return pd.DataFrame([tried(row) for row in APPROXIMATIONS])


def softmaxes(seed: int = 0) -> pd.DataFrame:
    """A row a way to take the softmax of ROW float32 elements: title, source, reads and writes of memory (passes over
    it), operations an element, time_ns an element in NumPy, and errors; infinite where it overflows.
    """
    rng, rows = np.random.default_rng(seed), []
    x = (ROW_CENTER + ROW_SPREAD * rng.standard_normal(ROW)).astype(np.float32)
    powers = np.exp(x.astype(np.float64) - x.max())
    exact = powers / powers.sum()
    for title, (run, source) in SOFTMAXES.items():
        memory, machine = Memory(x), Machine(PRECISIONS["fp32"])
        with np.errstate(over="ignore", invalid="ignore"):
            run(memory, machine)
            seconds = _seconds(partial(run, Memory(x), Machine(PRECISIONS["fp32"])))
        cost = {"reads": memory.read / ROW, "writes": memory.written / ROW, "time_ns": 1e9 * seconds / ROW}
        cost |= {"operations": machine.operations.total() / ROW}
        rows.append({"title": title, "source": source} | cost | errors(memory.result, exact, "fp32"))
    return pd.DataFrame(rows)


def _seconds(work: Callable[[], object]) -> float:
    """The shortest of a few calls: what else the machine does only adds to it."""
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)
