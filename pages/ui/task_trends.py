"""Which tasks in the store get worse, or turn, as models grow: below the laws that map losses and sizes to tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from analysis.trust.trends import IMPROVES, LEAST_SIZES, task_trends
from pages.ui import panels
from pages.ui.any_law_inputs import KEY
from pages.ui.session import store
from results_db import Store

SERIES = ("source_id", "family", "method", "weight_format", "activation_format", "task", "metric")
SIZE = r"[-_ ]?\d+(?:\.\d+)?(?:[xX]\d+(?:\.\d+)?)?[bBmM](?![a-zA-Z])"  # as models write it: -7b, 1.3B, 8x7B


def draw(_values: dict[str, float], _x: Mapping[str, Any]) -> None:
    """Draws the series of scores over sizes whose trend is not that larger models are better."""
    opened = store()
    found = _trends(opened, str(opened.path), opened.state)
    st.markdown("**Tasks that do not follow**")
    if found.empty:
        panels.empty_state(f"The store holds no task measured at {LEAST_SIZES} sizes of one family.")
        return
    odd = found[found["trend"] != IMPROVES]
    counts = ", ".join(f"{count} {name}" for name, count in found["trend"].value_counts().items())
    panels.show_table(
        odd.sort_values("trend"),
        f"{KEY}.trends",
        f"Of {len(found)} series of scores over {LEAST_SIZES} sizes or more, one family, method and format each: "
        f"{counts}. Listed are those that do not improve. A law of loss and size says nothing of them; "
        "inverse_scaling_2023 found 11 tasks on which larger models do worse. A turn counts when both ends lie half of "
        "the range away.",
        {
            "scores": st.column_config.LineChartColumn("scores by size"),
            "smallest": st.column_config.NumberColumn("smallest model", format="compact"),
            "largest": st.column_config.NumberColumn("largest model", format="compact"),
        },
    )


@st.cache_data(show_spinner="Looking at every task", max_entries=4)
def _trends(_store: Store, place: str, state: tuple[int, int]) -> pd.DataFrame:
    """The trends of every series of the table quality."""
    return task_trends(with_family(_store.table("quality")), SERIES)


def with_family(quality: pd.DataFrame) -> pd.DataFrame:
    """The rows with the family of their model: its name without its size, since generations are not one another's."""
    return quality.assign(family=quality["model"].astype(str).str.replace(SIZE, "", regex=True, n=1))
