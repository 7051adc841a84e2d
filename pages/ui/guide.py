"""The way from a visitor's own runs to a plan that others can check, a step a column."""

from __future__ import annotations

import streamlit as st

from results_db import Store


def own_way(store: Store) -> None:
    """Draws the four steps with a link each; the fit opens on the newest dataset of runs, if there is one."""
    own = store.datasets()
    newest = own[own["kind"] == "runs"].sort_values("imported_at")["name"].tail(1).tolist()
    steps = (
        ("Upload", "A CSV or a log of runs, or a sample file.", "results", []),
        ("Fit", f"A law to {newest[0] if newest else 'your runs'}: how far may it be trusted?", "scaling_laws", newest),
        ("Plan", "With that fit, your GPUs and your days.", "planner", []),
        ("Share", "The address, a report with its sources, a CSV.", "planner", []),
    )
    st.subheader("From your runs to a plan")
    for number, (column, (verb, words, page, source)) in enumerate(zip(st.columns(4), steps, strict=True), 1):
        with column:
            st.page_link(
                f"pages/{page}.py",
                label=f"{number}. {verb}",
                icon=":material/check_circle:" if number == 1 and newest else ":material/arrow_circle_right:",
                query_params={"scaling_laws.source": source[0]} if source else None,
            )
            st.text(words)
