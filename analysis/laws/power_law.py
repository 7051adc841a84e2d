"""The generic form of most scaling papers: a power of one quantity, plus what it leaves."""

from __future__ import annotations

import difflib
from dataclasses import replace
from functools import partial

from analysis.laws.columns import COLUMNS
from analysis.laws.law import Law, Param


def over(column: str) -> Law:
    """The power law in that column of numbers, named power_law:COLUMN; ValueError when laws read no such column."""
    known = [name for name, own in COLUMNS.items() if own.usual]
    if column not in known:
        near = difflib.get_close_matches(column, known, n=3, cutoff=0.3) or ["amount"]
        raise ValueError(f"no law reads a number called '{column}'; did you mean {' or '.join(near)}?")

    return replace(LAW, name=f"power_law:{column}", inputs=(column,), predict=partial(_in_column, column))


def _in_column(column, p, x):
    return p.E + p.A / getattr(x, column) ** p.alpha


def predict(p, x):
    return p.E + p.A / x.amount**p.alpha


LAW = Law(
    name="power_law",
    title="Power law plus constant",
    formula=r"L(x) = E + \frac{A}{x^{\alpha}}",
    inputs=("amount",),
    params=(
        Param("E", "what any amount leaves; 0 is a plain power", (0.0, 1.0, 2.0), (0.0, 1e6)),
        Param("A", "what the amount 1 leaves on top of it", (1.0, 30.0, 1e3), (1e-9, 1e20)),
        Param("alpha", "how fast more pays", (0.1, 0.3, 0.6), (1e-3, 5.0)),
    ),
    predict=predict,
    source_id="dl_scaling_predictable_2017",
    notes=(
        "The amount is size, data or compute, in the unit of the fit: power_law:n_params, power_law:n_tokens and "
        "power_law:flops read it from that column.",
    ),
)
