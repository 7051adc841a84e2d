"""Fits in two stages, as papers with efficiency factors do: the base first, then each factor with it fixed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.fits.bootstrap import Draws
from analysis.fits.checks import check_runs, check_weights
from analysis.fits.fitting import Fit, fit, judged
from analysis.laws.law import Law
from analysis.laws.param import Param, is_baseline

OWN_WEIGHT = "weight of the run"


def fit_staged(law: Law, runs: pd.DataFrame, base_max_n: float | None = None, **options) -> tuple[Fit, Fit]:
    """The base fit, and the fit of every group's factor with that base fixed.

    The base uses the runs without any factor, up to `base_max_n` parameters. A factor is fitted on the runs
    that differ from the baseline in it alone; one that never occurs alone is fitted after those, which are
    then fixed. `options` are those of `fit`; the draws of the base go into the intervals of the factors. The second
    fit has every parameter and the status of all of them; its n_runs, objective and seconds are sums over the stages
    (every run belongs to one), its agreement the lowest of them.
    """
    check_runs(law, runs)
    if options.get("weights") is not None:  # a column travels with its runs into their stages
        runs = runs.assign(**{OWN_WEIGHT: check_weights(runs, options["weights"])})
        options["weights"] = OWN_WEIGHT
    base = fit(law, fit_base(law, runs, base_max_n), **options)
    if not base.ended:
        return base, base
    factors = _factor_counts(law, runs)
    alone = _next_stage(base, runs[factors == 1], options)
    unknown = np.array([not _known(law, row, alone.values) for row in runs.to_dict("records")], dtype=bool)
    both = runs[(factors > 1) & unknown]
    return base, _next_stage(alone, both, options) if len(both) else alone


def fit_base(law: Law, runs: pd.DataFrame, base_max_n: float | None = None) -> pd.DataFrame:
    """The runs on which the base is fitted: those without any factor, up to `base_max_n` parameters."""
    return runs[(_factor_counts(law, runs) == 0) & (runs["n_params"] <= (base_max_n or np.inf))]


def _next_stage(before: Fit, runs: pd.DataFrame, options: dict[str, Any]) -> Fit:
    if not len(runs):
        return before
    settings: dict[str, Any] = {**options, "fixed": before.values, "fixed_draws": before.draws}
    now = fit(before.law, runs, **settings)
    if not now.ended:
        return now
    drawn = {name: numbers for fitted in (before, now) if fitted.draws for name, numbers in fitted.draws.values.items()}
    return judged(
        replace(
            now,
            values=before.values | now.values,
            free=before.free + now.free,
            blind=before.blind + now.blind,
            draws=Draws(now.law, drawn) if drawn else None,
            n_runs=before.n_runs + now.n_runs,
            objective=before.objective + now.objective,
            agreement=min(before.agreement, now.agreement),
            seconds={part: before.seconds[part] + now.seconds[part] for part in now.seconds},
        )
    )


def _factors(law: Law) -> list[Param]:
    return [param for param in law.groups if not param.required]


def _factor_counts(law: Law, runs: pd.DataFrame) -> np.ndarray:
    return np.sum([_differs(param, runs) for param in _factors(law)], axis=0, initial=0) * np.ones(len(runs), int)


def _differs(param: Param, runs: pd.DataFrame) -> np.ndarray:
    names = runs[param.per] if param.per in runs else np.full(len(runs), None)
    return np.array([not is_baseline(param, name) for name in names], dtype=int)


def _known(law: Law, row: dict, values: dict[str, float]) -> bool:
    return all(
        is_baseline(param, row.get(param.per)) or {param.symbol, f"{param.symbol}[{row[param.per]}]"} & values.keys()
        for param in _factors(law)
    )
