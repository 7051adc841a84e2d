"""One cell of the planner's map: the schemes under its two budgets, and why one of them wins."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit import column_config

from analysis.plans.planner import plan
from analysis.plans.schemes import Scheme
from pages.ui import figures_schemes, panels, planning, speeds
from pages.ui.coefficients import Basis
from pages.ui.figures import words
from pages.ui.glossary import help_for


def choose() -> tuple[float, float]:
    """Draws the choice of one cell of the map: N [parameters] and D/N."""
    st.subheader("One cell of the map")
    left, right, _ = st.columns([1, 1, 2])
    n_max = left.number_input(
        "N at FP8 speed [billions]",
        0.01,
        1000.0,
        1.0,
        format="%.4g",
        key="planner.n_max",
        bind="query-params",
        help="Inference budget: the largest model you could serve if all ran in FP8. A scheme with a faster forward "
        "pass may serve a larger one for the same time.",
    )
    ratio = right.number_input(
        "Tokens per parameter D/N",
        1.0,
        1e5,
        100.0,
        format="%.4g",
        key="planner.d_over_n",
        bind="query-params",
        help="Training budget: the tokens an FP8:FP8 model of that size could be trained on, per parameter.",
    )
    return float(n_max) * 1e9, float(ratio)


def draw(basis: Basis, schemes: Sequence[Scheme], cell: tuple[float, float]) -> None:
    """Draws the schemes of a cell with their intervals, the winner and its reason."""
    n_max, ratio = cell
    table = plan(basis.law, basis.values, schemes, n_max, ratio, basis.draws)
    ranked = table.sort_values("loss")
    winner, rival = ranked.iloc[0], ranked.iloc[1]
    sure = f" with probability {winner['p_win']:.2f}" if pd.notna(winner["p_win"]) else ""
    st.info(
        f"**{winner['scheme']}** wins{sure}: {words(winner['n'])} parameters on {words(winner['d'])} tokens, loss "
        f"{winner['loss']:.3f}; next {rival['scheme']} at {rival['loss']:.3f}.",
        icon=":material/emoji_events:",
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        panels.show_figure(
            figures_schemes.scheme_figure(table, "Loss of each scheme in this cell"),
            "Predicted loss of each scheme in this cell",
            table,
            "planner.schemes",
            "Bars: 95% of the bootstrap resamples, shared by all schemes, so they overlap more than the schemes do."
            if basis.draws
            else "No interval is published for these coefficients.",
        )
    with right:
        panels.show_table(
            planning.readable(table),
            "planner.cell",
            "Loss in nats per token. P(win) is empty where the coefficients carry no interval.",
            {"P(win)": column_config.NumberColumn(help=help_for("P(win)"))},
        )
        st.markdown(f"**Why.** {speeds.reason(basis, schemes, winner, rival)}")
        if n_max > basis.largest:
            st.caption("This cell lies above the sizes on which the law was fitted: read the loss as an extrapolation.")
