"""Tables and curves that the scaling-laws page draws from a fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.commands.fit import as_document
from analysis.fits.fitting import Fit, pinned
from analysis.laws import Law, get_law
from analysis.laws.columns import column_of
from analysis.laws.param import Param, is_baseline
from analysis.trust.profile import Profile
from pages.ui.fits import objectives_of
from pages.ui.tasks import Settings


def has_factors(law: Law, row: Mapping, values: Mapping[str, float]) -> bool:
    """True when every parameter per group that a run needs has a value."""
    return all(
        is_baseline(p, row.get(p.per)) or {p.symbol, f"{p.symbol}[{row[p.per]}]"} & values.keys() for p in law.groups
    )


def factor_words(law: Law, runs: pd.DataFrame) -> pd.Series:
    """Which factors each run needs, as words: 'base', 'eff_n', 'eff_n and eff_d'; or its group, where every run has
    one."""
    if own := [str(p.per) for p in law.groups if p.required]:
        return runs[own[0]].astype(str)
    needed = [[p.symbol for p in law.groups if not is_baseline(p, row.get(p.per))] for row in runs.to_dict("records")]
    return pd.Series([" and ".join(symbols) or "base" for symbols in needed], runs.index, dtype=object)


def published_sets(coefficients: pd.DataFrame, law: Law, sources: set[str]) -> dict[str, dict[str, float]]:
    """The sets of these sources that give every base parameter of a law: 'source, variant' -> values.

    Sets that the source does not print, but that were computed here from its data, are named so.
    """
    needed = {param.symbol for param in law.params if not param.per and param.default is None}
    own = coefficients[coefficients["source_id"].isin(sources)]
    sets = {}
    for (source, variant), rows in own.groupby(["source_id", "variant"], sort=False):
        values = dict(zip(rows["symbol"], rows["value"].astype(float), strict=True))
        if needed <= values.keys():
            here = ", computed here" if rows["computed_here"].eq(True).any() else ""
            sets[f"{source}, {variant}{here}"] = {symbol: values[symbol] for symbol in values}
    return sets


def published_objectives(
    law: Law, sets: Mapping[str, Mapping[str, float]], runs: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    """The objective of each published set on these runs, without its format factors; the lowest first.

    A set that predicts no number for some run (a law outside its validity) is left out.
    """
    read = [name for name in (*law.inputs, law.target, settings.weights) if name in runs]
    bases = {name: base_values(law, values) for name, values in sets.items()}
    rows = [row for row in objectives_of(law.name, runs[read], bases, settings).items() if np.isfinite(row[1])]
    frame = pd.DataFrame(rows, columns=["set", "objective"]).drop_duplicates("objective")
    return frame.sort_values("objective", ignore_index=True)


def base_values(law: Law, values: Mapping[str, float]) -> dict[str, float]:
    """The values of the parameters that are not one per format."""
    base = {param.symbol for param in law.params if not param.per}
    return {symbol: value for symbol, value in values.items() if symbol in base}


def of_published(found: Fit, values: Mapping[str, float]) -> Fit:
    """Published values in the place of those of a fit: they have no draws and no intervals."""
    law = get_law(found.law.name)
    return replace(found, law=law, values=base_values(law, values), draws=None, intervals={})


def predictions(law: Law, published: Mapping[str, Mapping[str, float]], x: pd.DataFrame) -> pd.DataFrame:
    """What each published set predicts for the one row of `x`, without the factors of its formats, and whether it lies
    within the runs of its source."""
    x = x.drop(columns=[param.per for param in law.groups], errors="ignore")
    beyond = law.outside(x, published=True)[0].any()
    rows = [(name, float(law.evaluate(base_values(law, values), x)[0])) for name, values in published.items()]
    table = pd.DataFrame(rows, columns=["set", law.target])
    return table.assign(**{"within the law's published range": "no" if beyond else "yes"})


def parameter_table(
    law: Law,
    found: Fit,
    published: Mapping[str, Mapping[str, float]],
    methods: pd.DataFrame,
    profiles: Mapping[str, Profile],
) -> pd.DataFrame:
    """One row per parameter: fitted value, its 95% intervals, identified or not, and the published values beside.

    Identified is what the profile says, where there is one, else what the bootstrap says.
    """
    params = {param.symbol: param for param in found.law.params}
    labels = dict(zip(methods["method"], methods["label"], strict=True)) if len(methods) else {}
    rows = []
    for name, value in found.values.items():
        symbol, _, group = name.rstrip("]").partition("[")
        low, high = found.intervals.get(name, (np.nan, np.nan))
        other = found.law.tied.get(symbol)
        own = profiles.get(name.replace(symbol, other, 1) if other else name)
        ends = own.interval if own else (np.nan, np.nan)
        known = own.identified if own else np.isfinite(low) and pinned(params[symbol], (low, high))
        rows.append(
            {
                "symbol": name,
                "fitted": digits(value),
                "from": digits(low),
                "to": digits(high),
                "profile from": digits(ends[0]),
                "profile to": digits(ends[1]),
                "identified": "" if np.isnan(low) and not own else "yes" if known else "no",
            }
            | {title: digits(values[name]) for title, values in published.items() if name in values}
            | {"meaning": labels.get(group, params[symbol].meaning) if group else _meaning(params[symbol], other)}
        )
    return pd.DataFrame(rows)


def _meaning(param: Param, other: str | None) -> str:
    return f"{param.meaning}; has the value of {other}" if other else param.meaning


def digits(value: float, significant: int = 4) -> float:
    """The number with that many significant digits."""
    return float(f"{value:.{significant}g}") if np.isfinite(value) else np.nan


def symbol_table(law: Law) -> pd.DataFrame:
    """What each symbol of a law means."""
    per = {p.symbol: column_of(p.per).words if p.per else "" for p in law.params}
    return pd.DataFrame([{"symbol": p.symbol, "meaning": p.meaning, "one per": per[p.symbol]} for p in law.params])


def source_words(runs: pd.DataFrame) -> str:
    """The sources of these runs, as a phrase."""
    return " and ".join(runs["source_id"].unique())


def as_json(found: Fit) -> str:
    """The fit as the command line prints it."""
    return json.dumps(as_document(found), indent=2)
