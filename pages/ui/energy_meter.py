"""The planner's energy meter: power readings of two formats as kWh and CO2, and whether repeats tell them apart."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.plans.energy_meter import Saving, readings, saving
from pages.ui import panels, serving_money
from results_db import Store

CLAIM = "amp_carbon_2024-01"
READINGS_HELP = "Mean power of each run in watts, separated by spaces: repeat runs, so that chance can be told apart."


def draw(store: Store, claims: pd.DataFrame, key: str) -> None:
    """Draws the inputs, the answer for one's own readings, and what is published."""
    st.subheader("Energy of two formats")
    first, second, third = st.columns([3, 3, 1.5])
    texts = [
        place.text_input(label, key=f"{key}.{name}", bind="query-params", placeholder="212 215 209", help=READINGS_HELP)
        for place, label, name in (
            (first, "Power in the first format [W]", "first"), (second, "Power in the second format [W]", "second")
        )
    ]  # fmt: skip
    hours = float(third.number_input("Hours", 0.01, 1e6, 24.0, format="%.4g", key=f"{key}.hours", bind="query-params"))
    place = serving_money.choose_place(store, key, rated=False)
    if any(texts):
        try:
            watts = [readings(str(text or "")) for text in texts]
            _said(saving(*watts, hours, place.pue, place.g_per_kwh), place.grid)
        except ValueError as problem:
            st.warning(panels.plain(f"{problem}."), icon=":material/error:")
    _published(claims[claims["claim_id"] == CLAIM], hours, place)


def _said(found: Saving, grid: str) -> None:
    """Says what the second format saves, in kWh and CO2, and how sure that is."""
    word = "saves" if found.watts >= 0 else "costs"
    sentence = (
        f"The second format {word} **{abs(found.watts):.3g} W**: **{abs(found.energy(found.watts)):.3g} kWh** and "
        f"**{abs(found.carbon(found.watts)):.3g} kg CO2** in {found.hours:g} hours ({grid}, PUE {found.pue:g})"
    )
    if pd.isna(found.p_value):
        st.info(
            f"{sentence}. One reading of a format says nothing of chance: repeat both, at least twice.",
            icon=":material/bolt:",
        )
        return
    ends = sorted((found.energy(found.low), found.energy(found.high)))
    sure = "The readings tell the two apart" if found.significant else "**Not significant**: chance alone does this"
    draw = st.success if found.significant else st.warning
    draw(
        f"{sentence}; 95% interval of the saving {ends[0]:.3g} to {ends[1]:.3g} kWh. {sure} (Welch's t-test, p = "
        f"{found.p_value:.2g}).",
        icon=":material/bolt:",
    )


def _published(rows: pd.DataFrame, hours: float, place: serving_money.Place) -> None:
    """Draws the card of the published saving, with its author's own caution."""
    if rows.empty:
        return
    row = rows.iloc[0]
    low, high = (Saving(watts, watts, watts, float("nan"), hours, 1.0, place.g_per_kwh)
                 for watts in (float(row["value"]), float(row["value_high"])))  # fmt: skip
    with st.container(border=True):
        st.markdown(
            f"**Published, {row['source_id']}**: {row['subject']} in {row['format']} draws {row['value']:g} to "
            f"{row['value_high']:g} W less than {row['baseline']}; over {hours:g} hours that is "
            f"**{low.energy(low.watts):.3f} to {high.energy(high.watts):.3f} kWh** at the device, "
            f"{1e3 * low.carbon(low.watts):.0f} to {1e3 * high.carbon(high.watts):.0f} g CO2 ({place.grid}). "
            f"{str(row['condition']).partition('; ')[2].capitalize()}."
        )
