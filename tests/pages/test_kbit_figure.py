"""The k-bit frontier shows where few bits begin: between 2 and 3, as ParetoQ found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.plans.kbit_frontier import at_budgets, best_at_budgets, series
from pages.ui.figures_answers import frontier_figure
from results_db import Store


@pytest.mark.row("R06")
def test_paretoqs_widths_below_three_bits_are_marked_from_the_others(shipped_store: Store) -> None:
    rows = next(own for name, own in series(shipped_store.table("quality")).items() if "paretoq" in name)
    budgets = np.sort((rows["n_params"] * rows["weight_bits"]).astype(float).unique())
    lines, best = (found(rows, budgets).assign(gigabytes=budgets[0]) for found in (at_budgets, best_at_budgets))
    figure = frontier_figure(lines, best, "accuracy", "title")
    marks = {trace.name: trace.marker.symbol for trace in figure.data if trace.name.endswith(("bits", "boundary"))}
    few, more = ([name for name in marks if (marks[name] == "x") == crossed] for crossed in (True, False))
    assert few == [f"{bits} bits, below the boundary" for bits in ("1", "1.58", "2")]
    assert more == [f"{bits} bits" for bits in ("3", "4", "16")]


@pytest.mark.row("R06")
def test_paretoqs_ternary_600m_has_a_fifth_of_the_parameters_it_is_compared_with(shipped_store: Store) -> None:
    claims = pd.concat([shipped_store.table("claims", claim_id=f"paretoq_2025-0{n}") for n in (1, 2)])
    assert claims["value"].tolist() == [2, 600e6 / 3e9]
    assert claims["value_high"].iloc[0] == 3
