"""The tab of functions: what approximations of exp, softmax, GELU and others lose against what they cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.formats.functions.trials import (
    FUNCTIONS,
    POINTS,
    ROW,
    ROW_CENTER,
    ROW_SPREAD,
    approximations,
    softmaxes,
)
from pages.ui import claims_beside, figures_functions, panels
from pages.ui.working import computed

SOURCES = ("two_pass_softmax_2020", "autonumerics_zero_2023", "multistage_nn_2023", "log_bessel_gpu_2024")
UNIT = 2.0**-23  # the last place of 1 in float32
COSTS = {"operations": "operations a value", "time_ns": "time in NumPy [ns a value]"}
LOSSES = {"max_ulp": "largest error [last places]", "max_relative": "largest relative error"}
SHORT = {"max_ulp": "last places", "max_relative": "relative", "operations": "operations", "time_ns": "time"}
# Claim, the words of its line, and whether it is an absolute error rather than one in last places.
FLOORS = (
    ("autonumerics_zero_2023-01", "evolved exp", False),
    ("multistage_nn_2023-01", "one network", True),
    ("multistage_nn_2023-02", "several networks in stages", True),
)
TABLE = {
    "function": st.column_config.TextColumn("function"),
    "title": st.column_config.TextColumn("approximation"),
    "arithmetic": st.column_config.TextColumn("computed in"),
    "stored": st.column_config.TextColumn("stored in"),
    "operations": st.column_config.NumberColumn("operations", format="%.0f"),
    "time_ns": st.column_config.NumberColumn("time [ns]", format="%.2f"),
    "max_ulp": st.column_config.NumberColumn("largest error [ULP]", format="%.3g"),
    "mean_ulp": st.column_config.NumberColumn("mean error [ULP]", format="%.3g"),
    "max_relative": st.column_config.NumberColumn("largest relative error", format="%.2e"),
}
SOFTMAX = {
    "title": st.column_config.TextColumn("softmax in"),
    "reads": st.column_config.NumberColumn("reads of the row", format="%.0f"),
    "writes": st.column_config.NumberColumn("writes", format="%.0f"),
    "operations": st.column_config.NumberColumn("operations", format="%.0f"),
    "time_ns": st.column_config.NumberColumn("time [ns]", format="%.1f"),
    "max_ulp": st.column_config.NumberColumn("largest error [ULP]", format="%.3g"),
    "max_absolute": st.column_config.NumberColumn("largest absolute error", format="%.1e"),
    "source": st.column_config.TextColumn("source"),
}


def functions() -> None:
    """Errors over costs, the approximations as a table, softmax by passes over memory, and what papers claim."""
    left, right = st.columns(2)
    loss = left.segmented_control(
        "Error in", list(LOSSES), format_func=lambda key: SHORT[key], default="max_ulp", required=True,
        key="formats.function_loss", bind="query-params",
        help="A last place (ULP) is the distance of neighbouring numbers of the format that the result is stored in: "
        "half of one is the best there is.",
    )  # fmt: skip
    cost = right.segmented_control(
        "Cost in", list(COSTS), format_func=lambda key: SHORT[key], default="operations", required=True,
        key="formats.function_cost", bind="query-params",
    )  # fmt: skip
    frame = computed("formats.functions", "Trying approximations", approximations)
    if frame is None:
        return
    _tried(frame, str(cost), str(loss))
    rows = computed("formats.softmaxes", "Taking the softmax", softmaxes)
    if rows is not None:
        _softmax(rows)
    claims_beside.published("formats.function_claims", SOURCES)


def _tried(frame: pd.DataFrame, cost: str, loss: str) -> None:
    panels.show_figure(
        figures_functions.functions_figure(
            frame, (cost, loss), (COSTS[cost], LOSSES[loss]), floors(claims_beside.claims_of(SOURCES), loss),
            finding(frame),
        ),
        f"{LOSSES[loss]} against {COSTS[cost]} of {len(frame)} approximations",
        frame,
        "formats.functions_figure",
        f"At {POINTS:,} evenly spaced points of "
        + ", ".join(f"{name} on [{row.low:g}, {row.high:g}]" for name, row in FUNCTIONS.items())
        + " (log I: logarithm of the modified Bessel function of order 20), against float64. Every operation rounds "
        "once, none is fused. Dotted: cheapest for its error. Dashed: published figures"
        + (", absolute ones as last places of 1 in float32." if loss == "max_ulp" else "."),
    )  # fmt: skip
    panels.show_table(
        frame[list(TABLE)],
        "formats.functions_table",
        "Operations as counted while they ran. Time: NumPy on data in the cache of this machine, shortest of five; it "
        "does not compute in bf16. GELU's relative error is largest where the result nears zero.",
        TABLE,
    )


def _softmax(rows: pd.DataFrame) -> None:
    panels.show_table(
        rows[list(SOFTMAX)].replace(np.inf, np.nan),
        "formats.softmax_table",
        f"{ROW:,} float32 elements around {ROW_CENTER:g}, spread {ROW_SPREAD:g}; reads, writes and operations an "
        "element, as counted while they ran. No error: it overflowed. In NumPy arithmetic takes longer than memory; "
        "compiled code waits for memory, so that a pass less is what the published gains come from.",
        SOFTMAX,
    )


def floors(claims: pd.DataFrame, loss: str) -> dict[str, float]:
    """Lines across the figure: the published errors that can be drawn on its axis, by what to write on them."""
    printed = claims.set_index("claim_id")["value"]
    lines = {}
    for key, words, absolute in FLOORS:
        if key in printed and (absolute or loss == "max_ulp"):
            value = float(printed[key])
            lines[f"{words}: {value:g}{'' if absolute else ' ULP'}"] = (
                value / UNIT if absolute and loss == "max_ulp" else value
            )
    return lines


def finding(frame: pd.DataFrame) -> str:
    """The cheapest exp that stays within one last place of float32, in one line."""
    rows = frame[(frame["function"] == "exp") & (frame["stored"] == "fp32") & (frame["max_ulp"] < 1)]
    if rows.empty:
        return "No exp stays within one last place"
    best = rows.loc[rows["operations"].idxmin()]
    return f"exp within one last place takes {best['operations']:.0f} operations: a {best['title']}"
