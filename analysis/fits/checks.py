"""What a fit or a prediction cannot use, said in a sentence before any work is done."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.laws.columns import COLUMNS
from analysis.laws.law import Law
from analysis.laws.param import Param, is_baseline


def check_values(law: Law, values: Mapping[str, float]) -> None:
    """Raises ValueError when a symbol is not the law's or its value lies outside its bounds."""
    params = {param.symbol: param for param in law.params}
    for name, value in values.items():
        symbol, _, group = name.partition("[")
        param = params.get(symbol)
        if param is None or (group and not param.per):
            raise ValueError(f"law {law.name} has no parameter '{name}'; it has {', '.join(params)}")
        low, high = param.bounds
        if not low <= value <= high:
            raise ValueError(f"{name}={value:g} is outside its bounds; write a value from {low:g} to {high:g}")
        if param.same_as and values.get(param.same_as + name.removeprefix(symbol)) != value:
            raise ValueError(f"{name}={value:g}: {symbol} is tied to {param.same_as}; give {param.same_as} that value")


def check_runs(law: Law, runs: pd.DataFrame, with_target: bool = True) -> None:
    """Raises ValueError naming the first column or row that the law cannot use; rows are named by their index.

    The law's required inputs, and its target when asked for, must be there; every number must be finite and above 0
    (or from 0 on, where the column may hold 0). A cell may be missing where the law says what that means.
    """
    target = [law.target] if with_target else []
    needed = (*law.required_inputs, *target)
    for name in dict.fromkeys((*needed, *(n for n in law.numeric_inputs if n in runs))):
        if name not in runs:
            raise ValueError(f"the runs have no column '{name}'; law {law.name} needs {', '.join(needed)}")
        numbers = pd.to_numeric(runs[name], errors="coerce").to_numpy(float, na_value=np.nan)
        zero, optional = COLUMNS[name].zero, name in law.absent
        sound = np.isfinite(numbers) & (numbers >= 0 if zero else numbers > 0)
        bad = np.flatnonzero(~(sound | (optional & runs[name].isna().to_numpy())))
        if len(bad):
            value = runs[name].iloc[bad[0]]
            advice = f"write a finite number {'from 0 on' if zero else 'above 0'} or drop the row"
            raise ValueError(f"row {runs.index[bad[0]]}: {name} is {_shown(value)}; {advice}")
    for param in law.groups:
        _check_groups(param, runs)


def _check_groups(param: Param, runs: pd.DataFrame) -> None:
    if not param.required:
        return
    if param.per not in runs:
        raise ValueError(f"the runs have no column '{param.per}'; {param.symbol} has one value for each of its values")
    missing = np.flatnonzero([is_baseline(param, name) for name in runs[param.per]])
    if len(missing):
        advice = f"{param.symbol} has one value for each {param.per}: name it or drop the row"
        raise ValueError(f"row {runs.index[missing[0]]}: {param.per} is missing; {advice}")


def check_weights(runs: pd.DataFrame, weights: str | ArrayLike | None) -> np.ndarray | None:
    """The weights (n,) of the runs, given as a column or as one number per run; None for none.

    Raises ValueError naming the first that is not a finite number from 0 on.
    """
    if weights is None:
        return None
    if isinstance(weights, str) and weights not in runs:
        raise ValueError(f"the runs have no column '{weights}' to take weights from")
    given = runs[weights] if isinstance(weights, str) else pd.Series(np.asarray(weights).ravel())
    if len(given) != len(runs):
        raise ValueError(f"{len(given)} weights for {len(runs)} runs; give one per run, or name a column of them")
    numbers = pd.to_numeric(given, errors="coerce").to_numpy(float, na_value=np.nan)
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
    if len(bad):
        value = _shown(given.iloc[bad[0]])
        raise ValueError(f"row {runs.index[bad[0]]}: the weight is {value}; write a finite number from 0 on")
    return numbers


def _shown(value: object) -> str:
    return "missing" if pd.isna(value) else repr(str(value)[:40]) if isinstance(value, str) else f"{value}"
