"""The tab that shows what each transform gains, by format and kind of tensor."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from analysis.formats.distributions import DISTRIBUTIONS
from analysis.formats.effects import OUTPUTS, SHAPE, effects
from analysis.formats.transforms import TRANSFORMS
from pages.ui import figures_transforms, panels
from pages.ui.working import computed

MEASURES = {"gain_db": "the tensor itself", "product_gain_db": "its product with weights"}
COLUMNS = {
    "kind": st.column_config.TextColumn("tensor"),
    "title": st.column_config.TextColumn("transform"),
    "sqnr_db": st.column_config.NumberColumn("SQNR [dB]", format="%.2f"),
    "gain_db": st.column_config.NumberColumn("gain [dB]", format="%+.2f"),
    "product_db": st.column_config.NumberColumn("SQNR of the product [dB]", format="%.2f"),
    "product_gain_db": st.column_config.NumberColumn("gain of the product [dB]", format="%+.2f"),
}


def transforms(chosen: Sequence[str]) -> None:
    """Every transform in one of the chosen formats, on every kind of tensor."""
    left, right = st.columns(2)
    name = left.segmented_control(
        "In the format", chosen, default=chosen[-1], required=True, key="formats.effects_of", bind="query-params"
    )
    column = right.segmented_control(
        "Error of",
        list(MEASURES),
        format_func=lambda key: MEASURES[key],
        default="gain_db",
        required=True,
        key="formats.effects_on",
        bind="query-params",
        help="In a product x·wᵀ both operands are quantized. What a transform takes off one side, smoothing puts on "
        "the other; rotations and orders serve both.",
    )
    frame = computed("formats.effects", "Trying every transform", effects, str(name))
    if frame is None:
        return
    frame = frame.assign(kind=[DISTRIBUTIONS[key].title for key in frame["distribution"]])
    tried = frame[frame["transform"] != "none"]
    panels.show_figure(
        figures_transforms.gains_figure(tried, str(column), finding(tried, str(column), str(name))),
        f"Gain of each transform over none, by kind of tensor, in {name}",
        tried,
        "formats.effects_figure",
        f"{SHAPE[0]} × {SHAPE[1]} values of each kind, seed 0, blocks along the channels; {OUTPUTS} × {SHAPE[1]} "
        f"normal weights; rounded to nearest in {name}. Every transform but the clip is undone exactly. Sources: "
        + ", ".join(dict.fromkeys(row.source for row in TRANSFORMS.values() if row.source))
        + ".",
    )
    panels.show_table(
        frame[list(COLUMNS)],
        "formats.effects_table",
        "Gains are over no transform. Sorting and smoothing look at the whole tensor first, as a calibration would.",
        COLUMNS,
    )


def finding(tried: pd.DataFrame, column: str, name: str) -> str:
    """The largest gain, in one line, such as: nvfp4 gains most, +4.9 dB, by channels smoothed on outlier channels."""
    best = tried.loc[tried[column].idxmax()]
    return f"{name} gains most, {best[column]:+.1f} dB, by {best['title'].lower()} on {best['kind'].lower()}"
