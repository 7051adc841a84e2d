"""Which way a score goes as models grow: better, worse (inverse scaling), or one way and then the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

LEAST_SIZES = 4
CLEAR = 0.6  # rank correlation of size and score from which a trend has a direction
TURN = 0.5  # share of the whole range by which both ends must differ from a turning point between them
IMPROVES, INVERSE, TURNS_UP, BREAKS, NONE = "improves", "inverse", "falls, then rises", "rises, then falls", "no trend"


def trend(scores: Sequence[float] | np.ndarray) -> str:
    """The trend of scores in the order of size, higher being better: one of the words above.

    A turn counts when both ends lie at least TURN of the range away from it and each side has a direction; else the
    rank correlation of all decides.
    Inverse and U-shaped scaling: McKenzie et al. 2023 (inverse_scaling_2023).
    """
    values = np.asarray(scores, float)
    if len(values) < LEAST_SIZES:
        raise ValueError(f"{len(values)} sizes show no trend; give {LEAST_SIZES} or more")
    span = np.ptp(values)
    if span == 0:
        return NONE
    if _peaks(-values, span):
        return TURNS_UP
    if _peaks(values, span):
        return BREAKS
    direction = _direction(values)
    return IMPROVES if direction >= CLEAR else INVERSE if direction <= -CLEAR else NONE


def _peaks(values: np.ndarray, span: float) -> bool:
    """Whether values rise to a top between the ends and fall from it, each by TURN of the span and with a direction."""
    top = int(values.argmax())
    if top in (0, len(values) - 1) or values[top] - max(values[0], values[-1]) < TURN * span:
        return False
    return _direction(values[: top + 1]) >= CLEAR and _direction(values[top:]) <= -CLEAR


def _direction(values: np.ndarray) -> float:
    """The rank correlation of values with their order."""
    return float(np.corrcoef(np.arange(len(values)), pd.Series(values).rank())[0, 1])


def task_trends(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """One row per series of rows that share `keys`, of LEAST_SIZES sizes or more: the keys, sizes, smallest, largest,
    scores in the order of size, and trend.

    `table` has n_params, value and higher_is_better; several rows of a size count with their median.
    """
    rows = []
    usable = table.dropna(subset=["n_params", "value"])
    for names, own in usable.groupby(list(keys), dropna=False, sort=False):
        by_size = own.groupby("n_params")["value"].median().sort_index()
        if len(by_size) < LEAST_SIZES:
            continue
        sign = 1 if bool(own["higher_is_better"].iloc[0]) else -1
        rows.append(
            dict(zip(keys, names if isinstance(names, tuple) else (names,), strict=True))
            | {
                "sizes": len(by_size),
                "smallest": float(by_size.index[0]),
                "largest": float(by_size.index[-1]),
                "scores": by_size.to_list(),
                "trend": trend(sign * by_size.to_numpy()),
            }
        )
    return pd.DataFrame(rows, columns=[*keys, "sizes", "smallest", "largest", "scores", "trend"])
