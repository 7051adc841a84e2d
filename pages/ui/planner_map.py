"""The planner's first tab: where each training format wins, and one budget of the map in numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.planner import SCHEMES, plan
from pages.ui import coefficients, figures_planner, panels, planning, speeds
from pages.ui.figures import words
from pages.ui.session import store


def training_map() -> None:
    """Draws the map of the winning scheme, and the schemes of one budget."""
    with st.container(horizontal=True):
        basis = coefficients.choose_basis(store(), "planner")
        speed = speeds.choose_speed(store(), "planner")
    if basis is None:
        panels.empty_state(
            "The store holds no coefficients and no runs of a law with formats: upload runs with forward_format and "
            "backward_format columns.",
            "pages/results.py",
            "Upload runs",
        )
        return

    picture, cell = st.columns([3, 2], gap="large")
    with cell:
        st.subheader("One budget")
        left, right = st.columns(2)
        n_max = left.number_input(
            "N at FP8 speed [billions]",
            0.03,
            1000.0,
            1.0,
            format="%.4g",
            key="planner.n_max",
            bind="query-params",
            help="Inference budget: the largest model you could serve if all ran in FP8. A scheme with a faster "
            "forward pass may serve a larger one for the same time.",
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

    models = planning.known_models(store().table("models"))
    region = planning.optimality_map(basis, speed)
    shares = [f"{s.name} {100 * (region.winner == i).mean():.0f}%" for i, s in enumerate(SCHEMES)]
    with picture:
        first = SCHEMES[int(np.bincount(region.winner.ravel()).argmax())].name
        panels.show_figure(
            figures_planner.region_figure(region, models, (ratio, n_max * 1e9), f"{first} wins most of the map"),
            "Map of the winning scheme over tokens per parameter and parameters: " + ", ".join(shares),
            planning.region_frame(region),
            "planner.map",
            f"{basis.sentence} {speeds.speed_words(speed)} N counts non-embedding parameters; the law was fitted on "
            "30M to 200M parameters, so the map extrapolates above 0.2B (checked by its authors up to 8B). Dots: "
            f"{planning.model_words(models)}.",
        )

    with cell:
        table = plan(basis.law, basis.values, basis.factors, speed, n_max * 1e9, ratio, basis.draws)
        winner = table[table["wins"]].iloc[0]
        runner_up = table[~table["wins"]].sort_values("loss").iloc[0]
        sure = f" with probability {winner['p_win']:.2f}" if pd.notna(winner["p_win"]) else ""
        st.success(
            f"**{winner['scheme']}** wins{sure}: {words(winner['n'])} parameters on {words(winner['d'])} tokens, loss "
            f"{winner['loss']:.3f}; next {runner_up['scheme']} at {runner_up['loss']:.3f}.",
            icon=":material/emoji_events:",
        )
        panels.show_figure(
            figures_planner.scheme_figure(
                planning.with_intervals(table, basis), "Loss of each scheme within this budget"
            ),
            "Predicted loss of each scheme for this budget",
            table,
            "planner.schemes",
            "Bars: 95% of the bootstrap resamples, shared by all schemes, so they overlap more than the schemes do."
            if basis.draws
            else "No interval is published for these coefficients.",
        )
        panels.show_table(
            planning.readable(table),
            "planner.cell",
            "Loss in nats per token. P(win) is empty where the coefficients carry no interval.",
        )
        st.markdown(f"**Why.** {speeds.reason(basis, speed, n_max * 1e9)}")
        if n_max > 0.2:
            st.caption(
                "This budget lies above the sizes on which the law was fitted: read the loss as an extrapolation."
            )
