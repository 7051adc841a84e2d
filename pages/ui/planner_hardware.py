"""The planner's hardware tab: designs against the baseline of their own source, and the energy of two formats."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.serving.accelerators import absolute, designs, needed
from pages.ui import energy_meter, figures_hardware, panels
from pages.ui.session import facts, store

KEY = "planner.hardware"
NUMBERS = {
    name: st.column_config.NumberColumn(form, format="%.3g")
    for name, form in (("gain", "gain [x]"), ("share", "needs of the baseline's 1"))
}


def hardware() -> None:
    """Draws one design over its baseline, every printed gain, and the meter of energy."""
    claims = facts(store(), "claims")
    table = designs(claims)
    if table.empty:
        panels.empty_state("The store holds no claims of an accelerator or a processing element.")
    else:
        _one(table)
        _all(table, absolute(claims))
    energy_meter.draw(store(), claims, KEY)


def _one(table: pd.DataFrame) -> None:
    """Draws the choice of a design and of one of its baselines, and what it needs where the baseline needs 1."""
    left, middle, right = st.columns([3, 3, 2], vertical_alignment="bottom")
    kinds = table.drop_duplicates("design").set_index("design")["kind"]
    name = left.selectbox(
        "Design", list(kinds.index), format_func=lambda own: f"{own} ({kinds[own]})", key=f"{KEY}.design",
        bind="query-params", help="Accelerators and processing elements of which a source prints a gain.",
    )  # fmt: skip
    own = table[table["design"] == name]
    baseline = middle.selectbox(
        "Against", list(dict.fromkeys(own["baseline"])), key=f"{KEY}.baseline.{name}", bind="query-params",
        help="The baseline that the source measured; gains over different baselines are never joined.",
    )  # fmt: skip
    own = own[own["baseline"] == baseline]
    joules = right.number_input(
        "Baseline's energy or power", 1e-9, 1e12, 1.0, format="%.4g", key=f"{KEY}.joules", bind="query-params",
        help="In any unit, such as joules an answer or watts: the design's is in the same unit.",
    )  # fmt: skip
    shown = needed(own, {"energy": float(joules), "power": float(joules)})
    said = ", ".join(f"{row['quantity']} {row['needs']:.3g}" for row in shown.to_dict("records"))
    first = shown.iloc[0]
    better = ", ".join(f"{row['gain']:.3g}x in {row['quantity']}" for row in own.to_dict("records"))
    panels.show_figure(
        figures_hardware.shares_figure(own, f"{name} over {baseline}: {better}"),
        f"What {name} needs where {baseline} needs 1: {said}",
        shown,
        f"{KEY}.shares",
        f"{first['hardware']}, {first['format']}, {first['task']}: {said}, where the baseline needs "
        f"{joules:g} in energy or power and 1 in the rest. As printed by {first['source_id']}, in its own words "
        f"({', '.join(own['bound'].unique())}); no interval is printed.",
    )


def _all(table: pd.DataFrame, figures: pd.DataFrame) -> None:
    """Draws every printed gain by its baseline, and the figures that need none."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        panels.show_table(
            table[["design", "quantity", "gain", "share", "baseline", "format", "bound", "kind", "source_id"]],
            f"{KEY}.all",
            f"{len(table)} printed gains over {table['baseline'].nunique()} baselines. Compare within one baseline "
            "only: each source chose its own, its workload and its process.",
            NUMBERS,
        )
    with right:
        panels.show_table(
            figures[["design", "printed", "means", "format", "kind", "source_id"]],
            f"{KEY}.absolute",
            "Figures of designs that need no baseline: the time a rate leaves, the energy a power takes.",
        )
