"""What a user asks of a law's parameters: other bounds, a value per group of runs or one for all, two that are one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from analysis.laws.law import Law
from analysis.laws.param import Param


@dataclass(frozen=True)
class Terms:
    """`bounds` by symbol; `per` gives a symbol one value for every value of a column of the runs; `shared` symbols,
    which the law fits per group, get one value for all groups but the baseline; `tied` symbols have the value of
    another one."""

    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    per: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    tied: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.bounds or self.per or self.shared or self.tied)


def on_terms(law: Law, terms: Terms) -> Law:
    """The law with its parameters as asked; raises ValueError with a sentence where that is impossible."""
    if not terms:
        return law
    known = {param.symbol for param in law.params}
    for symbol in (*terms.bounds, *terms.per, *terms.shared, *terms.tied, *terms.tied.values()):
        if symbol not in known:
            raise ValueError(f"law {law.name} has no parameter '{symbol}'; it has {', '.join(sorted(known))}")
    params = {param.symbol: _bounded(_grouped(param, terms), terms) for param in law.params}
    for symbol, other in terms.tied.items():
        params[symbol], params[other] = _tied(params[symbol], params[other], terms)
    columns = tuple(column for column in dict.fromkeys(terms.per.values()) if column not in law.inputs)
    return replace(law, params=tuple(params.values()), inputs=(*law.inputs, *columns), terms=terms)


def recalled(name: str, terms: Terms | None) -> Law:
    """The law of that name, on those terms: how a law comes back from another process."""
    from analysis.laws import get_law  # the registry imports every module of this folder

    return on_terms(get_law(name), terms or Terms())


def _grouped(param: Param, terms: Terms) -> Param:
    column = terms.per.get(param.symbol)
    if param.symbol in terms.shared:
        if not param.per or column:
            raise ValueError(f"{param.symbol} has one value for all runs already; leave it out of the shared ones")
        return replace(param, shared=True)
    if not column:
        return param
    if param.per or param.default is not None:
        why = f"has one value per {param.per} already" if param.per else "is a constant that no fit searches"
        raise ValueError(f"{param.symbol} {why}; choose another parameter for one value per {column}")
    return replace(param, per=column, required=True)


def _bounded(param: Param, terms: Terms) -> Param:
    if param.symbol not in terms.bounds:
        return param
    low, high = (float(end) for end in terms.bounds[param.symbol])
    if not low < high or low == -float("inf") or high == float("inf"):
        raise ValueError(
            f"the bounds of {param.symbol} are {low:g} to {high:g}; write two finite numbers, the lower first, "
            f"or fix {param.symbol}"
        )
    if param.sign and (low if param.sign > 0 else -high) <= 0:
        side = "above" if param.sign > 0 else "below"
        raise ValueError(f"the bounds of {param.symbol} are {low:g} to {high:g}; both must lie {side} 0")
    return _within(param, low, high)


def _within(param: Param, low: float, high: float) -> Param:
    return replace(param, bounds=(low, high), starts=tuple(min(max(start, low), high) for start in param.starts))


def _tied(param: Param, other: Param, terms: Terms) -> tuple[Param, Param]:
    """The parameter as one of the value of the other, and the other, within the bounds of both."""
    if other.symbol in terms.tied:
        why = f"{param.symbol} is tied to {other.symbol}, which is tied itself"
        raise ValueError(f"{why}; tie each to one parameter that is not")
    if param.default is not None or other.default is not None or param.per != other.per:
        why = f"{param.symbol} and {other.symbol} do not have one searched value for the same runs"
        raise ValueError(f"{why}; tie parameters that have")
    (low, high), (least, most) = param.bounds, other.bounds
    if not max(low, least) < min(high, most):
        spans = f"{low:g} to {high:g} and {least:g} to {most:g}"
        raise ValueError(f"no value suits {param.symbol} and {other.symbol}, whose bounds are {spans}; leave them free")
    both = _within(other, max(low, least), min(high, most))
    return replace(both, symbol=param.symbol, meaning=param.meaning, same_as=other.symbol), both
