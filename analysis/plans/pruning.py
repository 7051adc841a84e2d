"""Pruning schedules at equal training compute: what each leaves to serve, and what it loses."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import pandas as pd

from analysis.laws import get_law
from analysis.laws.flops import TRAINING_FLOPS_PER_PARAM_TOKEN

# 80 schedules, as many as Jin et al. 2025 tried; this grid is ours.
KEPT = (0.2, 0.35, 0.5, 0.65, 0.8)
STARTS = (0.0, 0.25, 0.4, 0.5)
LENGTHS = (1 / 3, 0.5, 2 / 3, 1.0)  # of what is left of the training after the start


def schedules() -> pd.DataFrame:
    """Every schedule: kept_share, prune_start, prune_end, and the average over training of the share that is there."""
    rows = [(kept, start, start + length * (1 - start)) for kept, start, length in product(KEPT, STARTS, LENGTHS)]
    table = pd.DataFrame(rows, columns=["kept_share", "prune_start", "prune_end"])
    return table.assign(average_share=average_share(table))


def average_share(table: pd.DataFrame) -> pd.Series:
    """The average over training of a model's size over its first, of rows of kept_share, prune_start, prune_end."""
    law = get_law("average_parameters")
    values = {param.symbol: 1.0 for param in law.params}
    x = {name: table[name].to_numpy(float) for name in ("kept_share", "prune_start", "prune_end")}
    return pd.Series(law.derive("average_params", values, x | {"n_params": 1.0}), table.index)


def at_equal_compute(
    values: Mapping[str, float], n_params: float, flops: float, table: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The schedules with what each gives for `flops` of training from a model of `n_params`, the lowest loss first.

    Columns added: served_params, n_tokens, loss, and dense_loss of a dense model of the served size and the same
    compute. C = 6 x average parameters x tokens. `values` are those of law average_parameters (E, A, B, alpha, beta).
    """
    law = get_law("average_parameters")
    table = schedules() if table is None else table
    average, served = n_params * table["average_share"], n_params * table["kept_share"]
    tokens, dense_tokens = (flops / (TRAINING_FLOPS_PER_PARAM_TOKEN * size) for size in (average, served))
    return table.assign(
        served_params=served,
        n_tokens=tokens,
        loss=law.evaluate(values, {"average_params": average.to_numpy(), "n_tokens": tokens.to_numpy()}),
        dense_loss=law.evaluate(values, {"average_params": served.to_numpy(), "n_tokens": dense_tokens.to_numpy()}),
    ).sort_values("loss", ignore_index=True)
