"""How much faster FP4 runs than FP8: chosen on the page or looked up for a device, and said in words."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis.speed import BOPS, SpeedTable, constant, measured_tables, training_speedup
from pages.ui.coefficients import Basis
from pages.ui.figures import words
from results_db import Store


def choose_speed(store: Store, key: str) -> SpeedTable:
    """Draws the choice of how much faster FP4 runs than FP8."""
    tables = [BOPS, *measured_tables(store.table("throughput"))]
    names = [table.name for table in tables] + ["my own speed-ups"]
    name = st.selectbox(
        "FP4 speed over FP8",
        names,
        key=f"{key}.speed",
        bind="query-params",
        help="BOPS: half the bits run twice as fast. Measured: what the paper's kernels reached over its FP8 baseline, "
        "per model size. Different tables use different batches and baselines, so they are never averaged.",
    )
    if name != names[-1]:
        return tables[names.index(name)]
    forward = st.number_input("Forward speed-up", 0.1, 16.0, 2.0, 0.1, key=f"{key}.forward", bind="query-params")
    backward = st.number_input("Backward speed-up", 0.1, 16.0, 2.0, 0.1, key=f"{key}.backward", bind="query-params")
    return constant(forward, backward, f"entered: forward {forward:g}x, backward {backward:g}x")


def speed_words(speed: SpeedTable) -> str:
    """Where a speed-up comes from, as a caption."""
    if not speed.measured:
        return f"Speed-ups: {speed.name}."
    low, high = speed.span
    return (
        f"Speed-ups: {speed.source_id}, {speed.name}, over {speed.reference}, measured for {low / 1e9:.2g}B to "
        f"{high / 1e9:.3g}B parameters (forward {speed.forward.min():.2f} to {speed.forward.max():.2f}x, backward "
        f"{speed.backward.min():.2f} to {speed.backward.max():.2f}x); flat beyond."
    )


def fp4_speed(device: str, rates: dict[str, float | None], tables: list[SpeedTable]) -> SpeedTable:
    """FP4 over FP8 on a device: measured and published when there is a table for it, else the datasheet's ratio."""
    measured = [table for table in tables if table.name.startswith(device)]
    if measured:
        return measured[-1]
    if rates["fp4"] and rates["fp8"]:
        ratio = rates["fp4"] / rates["fp8"]
        return constant(ratio, ratio, f"datasheet peaks of {device}, FP4 {ratio:.2g}x FP8 (not measured)")
    return BOPS


def reason(basis: Basis, speed: SpeedTable, n_max: float) -> str:
    """Why a scheme wins at this size: what FP4's speed buys and what its efficiency costs."""
    forward, backward = speed.at(np.array(n_max))
    one = np.ones(())
    gains = [float(training_speedup(*pair)) for pair in ((forward, one), (one, backward), (forward, backward))]
    return (
        f"At {words(n_max)} parameters an FP4 forward pass runs {float(forward):.2f}x and an FP4 backward pass "
        f"{float(backward):.2f}x as fast as FP8; a whole step gains {gains[0]:.2f}x (forward only), {gains[1]:.2f}x "
        f"(backward only), {gains[2]:.2f}x (both). A faster forward pass buys a larger model, a faster step more "
        f"tokens; against that, FP4 makes parameters count {basis.values[basis.factors.forward]:.2f} and tokens "
        f"{basis.values[basis.factors.backward]:.2f}."
    )
