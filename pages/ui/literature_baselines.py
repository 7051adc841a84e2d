"""Gains without a change of precision, to compare a format's gain with or to combine it with."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.serving.layer_skipping import layers_kept
from pages.ui import literature_gains, panels

ROW = "R72"
GAINS = {"speedup": "faster", "memory_reduction": "less memory"}
FORMAT_ROWS = ("R08", "R23", "R24", "R25", "R28", "R32", "R45")  # whose papers claim gains of formats


def baselines() -> None:
    """Draws the tab: claims of architectures alone, their product with a format's gain, and layer skipping."""
    literature_gains.board(ROW, "Faster and smaller without fewer bits")
    _combined()
    _skipping()


def gains(row_ids: tuple[str, ...], metric: str) -> pd.DataFrame:
    """The claims of a gain as a factor in these rows' papers, each once."""
    found = pd.concat([literature_gains.claims_of(row_id) for row_id in row_ids], ignore_index=True)
    found = found[(found["metric"] == metric) & (found["normalized_unit"] == "x")]
    return found.drop_duplicates("claim_id").set_index("claim_id")


def _combined() -> None:
    st.subheader("Beside a format's gain")
    metric = st.segmented_control(
        "Gain", list(GAINS), default="speedup", format_func=GAINS.__getitem__, key="literature.combine.metric"
    )
    kind = metric or "speedup"
    plain, narrow = gains((ROW,), kind), gains(FORMAT_ROWS, kind)
    narrow = narrow[narrow["format"].notna()]
    if plain.empty or narrow.empty:
        panels.empty_state("The store holds no such claims.")
        return
    left, right = st.columns(2)
    first, second = (
        column.selectbox(
            label,
            list(own.index),
            format_func=lambda key, own=own: _words(own.loc[key]),
            key=f"literature.{name}.{kind}",
        )
        for column, label, own, name in (
            (left, "Without fewer bits", plain, "plain"),
            (right, "With a format", narrow, "narrow"),
        )
    )
    one, other = float(plain.loc[first, "normalized"]), float(narrow.loc[second, "normalized"])
    st.info(
        f"{one:.3g}x without fewer bits, {other:.3g}x with the format, which is {other / one:.3g} times as much; "
        f"together **{one * other:.3g}x** at most, if neither touches what the other saves.",
        icon=":material/calculate:",
    )
    st.caption(
        "The two claims have baselines, models and devices of their own, so the product is a bound, no forecast."
    )


def _words(claim: pd.Series) -> str:
    return f"{claim['subject']}: {claim['normalized']:.3g}x against {claim['baseline']} ({claim.name})"


def _skipping() -> None:
    st.subheader("Skipping layers")
    with st.container(horizontal=True):
        layers = st.number_input("Layers", 1, 1000, 32, key="literature.skip.layers")
        speedup = st.number_input("Speed-up wanted", 1.0, 100.0, 2.0, 0.1, key="literature.skip.speedup")
        share = st.number_input(
            "Time in layers [%]",
            1.0,
            100.0,
            100.0,
            1.0,
            key="literature.skip.share",
            help="The rest, such as the product with the vocabulary, is not skipped.",
        )
    try:
        kept = layers_kept(int(layers), speedup, share / 100)
    except ValueError as problem:
        st.warning(str(problem).capitalize() + ".", icon=":material/block:")
        return
    st.markdown(f"**{kept} of {layers} layers** run for each token, {100 * kept / layers:.0f}% of them.")
