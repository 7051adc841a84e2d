"""The tab from a format to the law: the efficiencies its error lets expect, and the way to the planner."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from analysis.formats import ROUNDINGS
from analysis.plans.efficiency import Estimate, Relations
from pages.ui import figures_efficiency, panels
from pages.ui.estimates import PARAMETER, Scheme, estimated, relations_of
from pages.ui.session import store

HELP = (
    "eff_N: a model trained so counts as one of eff_N times its parameters; eff_D: its tokens count eff_D times. Both "
    "are estimated from the squared error on normal values, since trained layers behind a Hadamard transform look so."
)
NAMES = {"quest_2025": "QuEST", "quartet_2025": "Quartet", "quartet_ii_2026": "Quartet II"}
COLUMNS = {
    "format": st.column_config.TextColumn("format"),
    "error": st.column_config.NumberColumn("relative error", format="%.3e"),
    "eff_n": st.column_config.TextColumn("eff_N [95%]", alignment="right"),
    "gradient_error": st.column_config.NumberColumn("error of gradients", format="%.3e"),
    "shrinks": st.column_config.NumberColumn("shrinks gradients [%]", format="%.2f"),
    "eff_d": st.column_config.TextColumn("eff_D [95%]", alignment="right"),
    "beware": st.column_config.TextColumn("beware", width="large"),
}


def to_law(chosen: Sequence[str]) -> None:
    """Estimated eff_N and eff_D of the chosen formats, what the estimate is worth, and a link that plans with them."""
    relations = relations_of(store())
    if relations is None:
        panels.empty_state("The store holds no relation of error and efficiency (table efficiency_relation).")
        return
    left, right, third = st.columns(3)
    name = left.selectbox("Format for training", chosen, index=len(chosen) - 1, key="formats.trained", help=HELP)
    rounding = right.selectbox("Rounding forward", list(ROUNDINGS), key="formats.forward", bind="query-params")
    backward = third.selectbox(
        "Rounding of gradients", list(ROUNDINGS), index=2, key="formats.backward", bind="query-params"
    )
    pairs = {one: estimated(relations, Scheme(one, rounding, backward)) for one in chosen}
    scheme = Scheme(name, rounding, backward)
    _answer(scheme, pairs[name])
    panels.show_figure(
        figures_efficiency.efficiency_figure(relations, pairs, NAMES, _title(name, pairs[name])),
        "Efficiency against relative error: published points, the fitted relation, and the chosen formats",
        figures_efficiency.relation_frame(relations),
        "formats.law",
        _caption(relations),
    )
    panels.show_table(
        _table(pairs),
        "formats.estimates",
        "Errors on the reference input: normal values, their size anywhere within an octave. No number here knows "
        "your data: tensors with outliers and without a transform lose more.",
        COLUMNS,
    )


def _answer(scheme: Scheme, pair: tuple[Estimate, Estimate]) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.success(
        f"**{scheme.format}** forward: every parameter counts **{_words(pair[0])}**; for gradients: every token counts "
        f"**{_words(pair[1])}**.",
        icon=":material/science:",
    )
    row.page_link(
        "pages/planner.py",
        label="Use it in the planner",
        icon=":material/map:",
        query_params={PARAMETER: scheme.text},
        width="content",
    )
    for estimate in pair:
        for caution in estimate.cautions:
            st.caption(f":material/warning: {estimate.symbol}: {caution}.")


def _title(name: str, pair: tuple[Estimate, Estimate]) -> str:
    return f"{name}: eff_N {pair[0].value:.2f}, eff_D {pair[1].value:.2f}, estimated from its error"


def _caption(relations: Relations) -> str:
    forward, four, logistic, back = relations.forward, relations.four_bit, relations.logistic, relations.backward
    return (
        f"Relative error: mean squared error over the mean square. Grey: {len(forward.points)} published efficiencies "
        f"forward, {len(back.points)} backward (hollow: weights only, squared). eff_N of 4-bit errors: 1/(1 + k MSE), "
        f"k = {four.values[0]:.1f}, {len(four.points)} points; others exp(−k MSE^p), k = {forward.values[0]:.2f}, "
        f"p = {forward.values[1]:.3f}. Leave-one-out error {four.error('point'):.3f} and {forward.error('point'):.3f}; "
        f"with a whole source left out {logistic.error('source'):.3f} and {forward.error('source'):.3f}, which the "
        f"bars show (95%). eff_D: exp(−k MSE), k = {back.values[0]:.2f}, leave-one-out {back.error('point'):.3f}, one "
        f"quantizer left out {back.error('quantizer'):.3f}; it rests on few quantizers."
    )


def _table(pairs: dict[str, tuple[Estimate, Estimate]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "format": name,
                "error": forward.mse,
                "eff_n": _words(forward),
                "gradient_error": backward.mse,
                "shrinks": round(100 * backward.misalignment, 2) + 0.0,
                "eff_d": _words(backward),
                "beware": "; ".join((*forward.cautions, *backward.cautions)),
            }
            for name, (forward, backward) in pairs.items()
        ]
    )


def _words(estimate: Estimate) -> str:
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"
