"""What the figures of the scaling-laws page are drawn from: curves, lines and maps of a fit, past the rows it has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.fits.fitting import Fit
from analysis.laws import Law
from analysis.laws.columns import COLUMNS
from analysis.laws.feeding import constant


def curves(law: Law, found: Fit, runs: pd.DataFrame) -> list[dict]:
    """Up to six curves of what a law predicts against tokens, at model sizes spread over the runs, with 95% bands."""
    sizes = np.unique(np.quantile(runs["n_params"].unique(), np.linspace(0, 1, 6), method="nearest"))
    tokens = np.geomspace(runs["n_tokens"].min() / 1.5, runs["n_tokens"].max() * 10, 60)
    drawn = []
    for size in sizes:
        x = pd.DataFrame({"n_params": size, "n_tokens": tokens})
        low, high = found.draws.band(x) if found.draws else (None, None)
        near = runs[np.abs(np.log(runs["n_params"] / size)) < 0.2]["n_tokens"]
        drawn.append(
            {
                "n_params": size,
                "n_tokens": tokens,
                "predicted": found.predict(x),
                "low": low,
                "high": high,
                "reach": float(near.max()),
                "outside": law.outside(x)[0],
            }
        )
    return drawn


def loss_grid(law: Law, values: Mapping[str, float], runs: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log10 N (k,), log10 D (k,) and predicted loss (k, k), from the runs' range to ten times beyond it."""
    log_n = np.linspace(np.log10(runs["n_params"].min() / 2), np.log10(runs["n_params"].max() * 10), 120)
    log_d = np.linspace(np.log10(runs["n_tokens"].min() / 2), np.log10(runs["n_tokens"].max() * 10), 120)
    n_params, n_tokens = np.meshgrid(10**log_n, 10**log_d)
    return log_n, log_d, law.evaluate(values, {"n_params": n_params, "n_tokens": n_tokens})


def is_planar(law: Law, rows: pd.DataFrame) -> bool:
    """True when size and tokens alone decide what a law predicts for these rows: it can be drawn over both.

    Its other numbers are those that it takes for missing ones; a factor per format is one of the baseline.
    """
    if set(law.required_inputs) != {"n_params", "n_tokens"} or _by_group(law):
        return False
    return all(
        name not in rows or set(COLUMNS[name].read(rows[name], usual)) == {usual} for name, usual in law.absent.items()
    )


def _by_group(law: Law) -> bool:
    """True when every run must name its group: there is no one curve for all."""
    return any(param.required for param in law.groups)


def single_input(law: Law, rows: pd.DataFrame) -> str | None:
    """The one number that varies in these rows among those a law reads; None when there are more, or for curves."""
    if _by_group(law):
        return None
    varying = [name for name in law.numeric_inputs if name in rows and name not in constant(law, rows)]
    return varying[0] if len(varying) == 1 and not law.prepare else None


def along(law: Law, found: Fit, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """The prediction along one number, past the rows on the side of better models: the number, predicted, low, high,
    and whether that is beyond the rows."""
    least, most = float(rows[name].min()), float(rows[name].max())
    falls = COLUMNS[name].falls
    grid = np.geomspace(least / 1.5, most * (1.1 if falls else 10), 120)
    others = {other: rows[other].iloc[0] for other in law.inputs if other in rows and other != name}
    x = pd.DataFrame({name: grid} | others)
    low, high = found.draws.band(x) if found.draws else (np.nan, np.nan)
    beyond = grid < least if falls else grid > most
    return x[[name]].assign(predicted=found.predict(x), low=low, high=high, beyond=beyond)
