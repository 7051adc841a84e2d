"""Laws whose loss rises with A / N^alpha + B / D^beta, whatever they make of that sum.

Where that is so, the order of two losses is the order of two sums: along tokens per parameter each scheme of a planner
is a straight line in one power of it, and the lowest of a few lines is found without evaluating the law.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from analysis.laws.law import Law
from analysis.laws.param import value_of

# Law -> A, alpha, B, beta from its parameters.
POWERS: dict[str, Callable[[Any], tuple[Any, Any, Any, Any]]] = {
    "chinchilla": lambda p: (p.A, p.alpha, p.B, p.beta),
    "kaplan_joint": lambda p: (p.N_c ** (p.alpha_N / p.alpha_D), p.alpha_N / p.alpha_D, p.D_c, 1.0),
    "overtraining": lambda p: (p.a / 6**p.eta, 2 * p.eta, p.b / 6**p.eta, 2 * p.eta),
    "quartet": lambda p: (p.A, p.alpha, p.B, p.beta),
}


def powers(law: Law, values: Mapping[str, Any]) -> tuple[Any, Any, Any, Any] | None:
    """A, alpha, B and beta of the sum that orders the law's losses; None where no such sum is known.

    `values` may be numbers or arrays of draws. A law with terms that a user set is another equation: None.
    Raises ValueError naming a symbol without a value.
    """
    if law.terms is not None or law.name not in POWERS:
        return None
    known = law.with_tied({**law.constants(values), **values})
    plain = {param.symbol: value_of(param, known, {}) for param in law.params if not param.per}
    return POWERS[law.name](SimpleNamespace(**plain))
