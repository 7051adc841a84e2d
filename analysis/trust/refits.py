"""Published fits whose runs are at hand: are they the optimum of their own objective, and what would that change?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from analysis.fits.fitting import Fit, fit
from analysis.laws import get_law
from analysis.laws.columns import COLUMNS
from analysis.laws.law import Law
from analysis.plans.planner import Factors, crossover
from analysis.plans.speed import BOPS
from analysis.trust.cases import Case
from analysis.trust.holdout import size_of

SAME = 1e-3  # an objective within this share of the lowest is the optimum, to the digits that sources print
STARTS = 256
QUANTITIES = ["quantity", "published", "refitted"]


@dataclass(frozen=True)
class Refit:
    """A case refitted: `objectives` (set, objective, excess over the optimum), the best set first; `changes` lists
    what follows from the best set and from the refit (quantity, published, refitted)."""

    case: Case
    found: Fit
    objectives: pd.DataFrame
    changes: pd.DataFrame

    @property
    def is_optimum(self) -> bool:
        """True when the best published set is the optimum of its objective."""
        return bool(self.objectives["excess"].iloc[0] <= SAME)

    @property
    def verdict(self) -> str:
        """Whether the published fit is the optimum, in a sentence or two."""
        best, case = self.objectives.iloc[0], self.case
        objective = case.loss if case.delta is None else f"{case.loss}, delta {case.delta:g}"
        place = f"On {case.said} ({self.found.n_runs} runs; {objective})"
        if self.is_optimum:
            return f"{place}, **{best['set']}** is the optimum of its objective ({self.found.objective:.5g})."
        change = self.changes.iloc[0]
        return (
            f"{place}, **{best['set']}** is not the optimum of its objective: {best['objective']:.5g} against "
            f"{self.found.objective:.5g}, {100 * best['excess']:.2g}% above. {change['quantity']} moves from "
            f"{change['published']:.4g} to {change['refitted']:.4g}."
        )


def refit(case: Case, runs: pd.DataFrame, coefficients: pd.DataFrame, starts: int = STARTS) -> Refit | None:
    """The case refitted on its runs; None when the table of coefficients or of runs does not hold enough for it.

    `runs` and `coefficients` are those of the store (coefficients: source_id, variant, symbol, value of the law).
    """
    law = get_law(case.law)
    sets = published_sets(case, law, coefficients)
    source = runs[runs["source_id"] == case.runs_source]
    own = case.keep(source) if len(source) else source
    if not sets or own.empty:
        return None
    by_source = partial(fit, law, loss=case.loss, delta=case.delta, draws=0)
    first = next(iter(sets.values()))
    found = by_source(own, fixed={name: first[name] for name in case.held}, starts=starts)
    if not found.ended:
        return None
    rows = [(name, by_source(own, fixed=values).objective) for name, values in sets.items()]
    table = pd.DataFrame(rows, columns=["set", "objective"]).assign(
        excess=lambda t: t["objective"] / found.objective - 1
    )
    table = table.sort_values("objective", ignore_index=True)
    best = sets[table["set"][0]]
    rows = [(symbol, best[symbol], found.values[symbol]) for symbol in best]
    rows += (unseen if law.prepare else extrapolated)(law, (best, found.values), own, source)
    rows += crossings(case, law, (best, found.values), source) if case.methods else []
    return Refit(case, found, table, pd.DataFrame(rows, columns=QUANTITIES))


def published_sets(case: Case, law: Law, coefficients: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The case's sets that give every parameter of the law without its factors per group, by variant."""
    needed = {param.symbol for param in law.params if not param.per and param.default is None}
    own = coefficients[coefficients["source_id"] == case.source_id]
    sets = {}
    for variant in case.variants:
        rows = own[own["variant"] == variant]
        values = dict(zip(rows["symbol"], rows["value"].astype(float), strict=True))
        if needed <= values.keys():
            sets[variant] = {param.symbol: values[param.symbol] for param in law.params if param.symbol in needed}
    return sets


def extrapolated(law: Law, both: tuple[Mapping, Mapping], runs: pd.DataFrame, source: pd.DataFrame) -> list[tuple]:
    """What two sets of values say beyond the runs, and what the law derives from them: rows of QUANTITIES."""
    rows = []
    size = size_of(law, runs)
    if any(COLUMNS[name].falls for name in _growing(law)):
        return _derived(law, both, {})
    point = runs.loc[[size.idxmax()]]
    for times in (10, 100):
        grown = point.assign(**{name: point[name] * _share(law, times) for name in _growing(law)})
        ends = [float(law.evaluate(values, grown)[0]) for values in both]
        rows.append((f"{law.predicts.words} at {times} times the largest run", *ends))
    return rows + _derived(law, both, {"flops": 100 * size.max()} if size.name == "flops" else {})


def unseen(law: Law, both: tuple[Mapping, Mapping], runs: pd.DataFrame, source: pd.DataFrame) -> list[tuple]:
    """How two sets of values predict the source's other curves of the same model: rows of QUANTITIES."""
    others = source.drop(runs.index)
    others = others[others["n_params"] == runs["n_params"].iloc[0]].sort_values(["curve_id", "step"])
    if others.empty:
        return []
    off = [100 * (law.evaluate(values, others) / others[law.target].to_numpy(float) - 1) for values in both]
    curves = others["curve_id"].to_numpy()
    last = ~pd.Series(curves).duplicated(keep="last").to_numpy()
    rms = [float(np.sqrt(np.mean(errors**2))) for errors in off]
    rows = [(f"error on {last.sum()} curves that were not fitted, rms [%]", *rms)]
    return rows + [
        (f"error at the end of {curves[i]} [%]", *(errors[i] for errors in off)) for i in np.flatnonzero(last)
    ]


def _growing(law: Law) -> tuple[str, ...]:
    return tuple(name for name in ("n_params", "n_tokens", "flops") if name in law.inputs) or law.required_inputs[:1]


def _share(law: Law, times: float) -> float:
    return times ** (1 / len(_growing(law)))


def _derived(law: Law, both: tuple[Mapping, Mapping], given: Mapping[str, float]) -> list[tuple]:
    """What the law derives without more than a compute budget."""
    rows = []
    for quantity in law.derived:
        if set(quantity.given) <= set(given):
            ends = [float(np.ravel(law.derive(quantity.name, values, given))[0]) for values in both]
            at = f" at {given['flops']:.1e} FLOPs" if quantity.given else ""
            rows.append((f"{quantity.meaning}{at}", *ends))
    return rows


def crossings(case: Case, law: Law, bases: tuple[Mapping, Mapping], runs: pd.DataFrame) -> list[tuple]:
    """For the published and the refitted base: factors of the case's methods, and the D/N from which FP4:FP4 wins, as
    rows of QUANTITIES.

    Each factor is fitted, its base fixed, on the runs that differ from the baseline in that pass alone. Empty when
    the runs of a method are too few.
    """
    forward, backward = case.methods or ("", "")
    alone = {
        f"eff_n[{forward}]": (runs["forward_format"] == forward) & (runs["backward_format"] == "bf16"),
        f"eff_d[{backward}]": (runs["forward_format"] == "bf16") & (runs["backward_format"] == backward),
    }
    by_source = partial(fit, law, loss=case.loss, delta=case.delta, draws=0)
    both = [{**base} for base in bases]
    for values in both:
        for name, rows in alone.items():
            found = by_source(runs[rows], fixed=values)
            if not found.ended:
                return []
            values[name] = found.values[name]
    rows: list[tuple] = [(name, both[0][name], both[1][name]) for name in alone]
    factors = Factors(*alone)
    for n_max in (1e8, 1e9, 1e10, 1e11):
        starts = [crossover(law, values, factors, BOPS, n_max) for values in both]
        ends = [np.nan if ratio is None else ratio for ratio in starts]
        rows.append((f"tokens per parameter from which FP4:FP4 wins, N {n_max:.0e}", *ends))
    return rows
