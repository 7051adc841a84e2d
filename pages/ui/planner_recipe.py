"""The planner's tab on how to train what it chose: learning rate, batch, data, mixture, and curves that cross."""

from __future__ import annotations

import streamlit as st

from pages.ui import panels, recipe_crossing, recipe_data, recipe_mixture, recipe_rates
from pages.ui.figures import words
from pages.ui.recipe_inputs import ANSWER, KEY, Model
from pages.ui.session import store

PARTS = {
    "Learning rate and batch": recipe_rates.rates,
    "Data": recipe_data.data,
    "Mixture of data": recipe_mixture.mixture,
    "Where curves cross": recipe_crossing.crossings,
}


def recipe() -> None:
    """Draws the size and the tokens, and under them the part that was chosen."""
    if store().coefficient_sets("step_law_lr").empty:
        panels.empty_state("The store holds no coefficients of the Step Law, so there is no recipe to suggest.")
        return
    model = _chosen()
    name = st.segmented_control(
        "Recipe for", list(PARTS), default=next(iter(PARTS)), required=True, key=f"{KEY}.part", bind="query-params"
    )
    PARTS[str(name)](model)


def _chosen() -> Model:
    left, middle, right = st.columns([1, 1, 2], vertical_alignment="bottom")
    n = left.number_input(
        "Parameters N [billions]",
        0.001,
        1e4,
        1.0,
        format="%.4g",
        key=f"{KEY}.n",
        bind="query-params",
        help="Without embeddings, as the Step Law counts them.",
    )
    d = middle.number_input(
        "Training tokens D [billions]", 0.01, 1e6, 20.0, format="%.4g", key=f"{KEY}.d", bind="query-params"
    )
    if answer := st.session_state.get(ANSWER):
        label = f"Take the budget's answer: {words(answer[0])} on {words(answer[1])} tokens"
        right.button(label, key=f"{KEY}.take", icon=":material/target:", on_click=_take, args=answer)
    return Model(float(n) * 1e9, float(d) * 1e9)


def _take(n_params: float, n_tokens: float) -> None:
    st.session_state[f"{KEY}.n"], st.session_state[f"{KEY}.d"] = n_params / 1e9, n_tokens / 1e9
