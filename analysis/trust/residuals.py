"""What is left in the residuals of a fit: trends along size, data and compute, and runs of one sign."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr

from analysis.laws.columns import column_of
from analysis.laws.law import Law
from analysis.trust.holdout import size_of

SURE = 0.01  # chance below which a trend is called one
TABLE_COLUMNS = (
    "along",
    "slope_per_decade",
    "trend_chance",
    "bend_chance",
    "sign_runs",
    "expected_runs",
    "runs_chance",
)


def structure(law: Law, runs: pd.DataFrame, relative: np.ndarray) -> pd.DataFrame:
    """One row per varying number along which residuals `relative` (n,) may have structure; columns TABLE_COLUMNS.

    `slope_per_decade` is the least-squares slope against log10; `trend_chance` and `bend_chance` are the chances of
    so strong a rank correlation with the number, and with its distance from the middle (a fit leaves a bend rather
    than a slope), among residuals without structure; `runs_chance` that of so few runs of one sign.
    """
    relative, size = np.asarray(relative, float), size_of(law, runs)
    along = {name: runs[name] for name in law.numeric_inputs if name in runs} | {str(size.name): size}
    rows = []
    for name, values in along.items():
        numbers = values.to_numpy(float)
        if len(relative) < 4 or not np.all(numbers > 0) or len(set(numbers)) < 2:
            continue
        logs = np.log10(numbers)
        slope = float(np.polyfit(logs, relative, 1)[0])
        bend = np.abs(logs - np.median(logs))
        counted, expected, chance = sign_runs(relative[np.argsort(logs, kind="stable")])
        rows.append((name, slope, _chance(logs, relative), _chance(bend, relative), counted, expected, chance))
    return pd.DataFrame(rows, columns=list(TABLE_COLUMNS))


def sign_runs(ordered: np.ndarray) -> tuple[int, float, float]:
    """The runs of one sign in ordered residuals, the number expected by chance, and the chance of so few.

    Source: Wald and Wolfowitz 1940, in its normal approximation with continuity correction.
    """
    signs = np.sign(ordered[ordered != 0])
    above, below = int(np.sum(signs > 0)), int(np.sum(signs < 0))
    if not above or not below:
        return min(1, len(signs)), 1.0, 1.0
    counted = int(1 + np.sum(signs[1:] != signs[:-1]))
    total = above + below
    expected = 1 + 2 * above * below / total
    variance = (expected - 1) * (expected - 2) / (total - 1)
    if variance <= 0:
        return counted, expected, 1.0
    return counted, expected, float(ndtr((counted + 0.5 - expected) / np.sqrt(variance)))


def findings(table: pd.DataFrame) -> list[str]:
    """What `structure` found, a phrase each, surest first; empty when nothing is beyond chance."""
    found = []
    for row in table.to_dict("records"):
        chances = {"a trend": row["trend_chance"], "a bend": row["bend_chance"], "runs of one sign": row["runs_chance"]}
        kind = min(chances, key=lambda name: chances[name])
        if chances[kind] < SURE:
            found.append((chances[kind], f"{kind} along {column_of(row['along']).words} (chance {chances[kind]:.1g})"))
    return [phrase for _, phrase in sorted(found)]


def _chance(along: np.ndarray, relative: np.ndarray) -> float:
    if np.ptp(along) == 0 or np.ptp(relative) == 0:
        return 1.0
    from scipy.stats import spearmanr  # half a second to import, for this only

    return float(spearmanr(along, relative).pvalue)
