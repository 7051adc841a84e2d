"""Planner: where does each format win, what do other laws say, does it fit, what does it cost?"""

import streamlit as st

from pages.ui import (
    panels,
    planner_any_law,
    planner_footprint,
    planner_hardware,
    planner_hours,
    planner_images,
    planner_laws,
    planner_map,
    planner_recipe,
    planner_serving,
    planner_test_time,
)

TABS = {
    "Training map": planner_map.training_map,
    "Other laws": planner_laws.other_laws,
    "Recipe": planner_recipe.recipe,
    "Serving": planner_serving.serving,
    "Footprint": planner_footprint.footprint,
    "Hardware": planner_hardware.hardware,
    "Test time": planner_test_time.test_time,
    "Equal hours": planner_hours.equal_hours,
    "Image networks": planner_images.images,
    "Any law": planner_any_law.any_law,
}

panels.header(
    "Planner",
    "Where does each training format win? Forward:backward formats compete for the lowest loss when the model must "
    "serve within one budget and train within another; FP8:FP8 is the reference.",
)

for (_, draw), tab in zip(TABS.items(), st.tabs(list(TABS), key="planner.tab", bind="query-params"), strict=True):
    if tab.open:
        with tab:
            draw()
