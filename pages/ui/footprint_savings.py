"""The middle of the footprint tab: what each way of saving memory removes, and what papers print of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.serving.architecture import Architecture
from analysis.serving.memory_savings import savings
from analysis.serving.training_memory import Batch, Cluster, Recipe
from pages.ui import panels
from pages.ui.session import facts
from results_db import Store

SAVERS = ("sgd_sai_2024", "int2_1_2023", "wta_crs_2023", "zero_infinity_2021", "fp8_lm_2023", "collage_2024")
SAVED = ("memory_reduction", "optimizer_memory_reduction", "gpu_count", "batch_gain")
NUMBERS = {
    name: st.column_config.NumberColumn(label, format=form)
    for name, label, form in (
        ("saved", "saved [GB]", "%.4g"),
        ("left", "left [GB]", "%.4g"),
        ("times", "times smaller", "%.3g"),
    )
}


def draw(
    store: Store, model: Architecture, recipe: Recipe, batch: Batch, cluster: Cluster, memory_gb: float, key: str
) -> None:
    """Draws what each way removes from this run's footprint, and published savings beside it."""
    st.subheader("What each way of saving removes")
    left, right = st.columns([3, 2], gap="large")
    table = savings(model, recipe, batch, cluster, memory_gb)
    with left:
        if table.empty:
            panels.empty_state("This run uses every way of saving already that this page knows.")
        else:
            panels.show_table(
                table,
                f"{key}.savings",
                f"Of one device, each way alone, everything else as chosen above ({recipe.name}); savings of several "
                "ways do not add up.",
                NUMBERS,
            )
    with right:
        panels.show_table(
            published(facts(store, "claims")),
            f"{key}.published",
            "As papers print them, each of its own model and against its own baseline.",
        )


def published(claims: pd.DataFrame) -> pd.DataFrame:
    """The published savings: method, saving, of what it is, over, model, bound, source_id."""
    own = claims[claims["source_id"].isin(SAVERS) & claims["metric"].isin(SAVED)]
    ends = [f"{low:g} to {high:g}" if pd.notna(high) else f"{low:g}"
            for low, high in zip(own["value"], own["value_high"], strict=True)]  # fmt: skip
    return pd.DataFrame(
        {
            "method": own["subject"],
            "printed": [f"{end} {unit}" for end, unit in zip(ends, own["unit"], strict=True)],
            "what": own["metric"].str.replace("_", " "),
            "over": own["baseline"].fillna("not stated"),
            "model": own["model"].fillna("not stated"),
            "condition": own["condition"],
            "source_id": own["source_id"],
        }
    ).reset_index(drop=True)
