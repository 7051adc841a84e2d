"""Literature: what do the papers claim, and does it hold?"""

import streamlit as st

from pages.ui import (
    literature_baselines,
    literature_claims,
    literature_coverage,
    literature_glossary,
    literature_papers,
    literature_quality,
    panels,
)

TABS = {
    "Claims": literature_claims.claims,
    "Papers": literature_papers.papers,
    "Quality": literature_quality.quality,
    "Other gains": literature_baselines.baselines,
    "Coverage": literature_coverage.coverage_tab,
    "Glossary": literature_glossary.glossary,
}

panels.header(
    "Literature",
    "What do the papers claim, and does it hold? Each claim with its baseline, its source and what this program "
    "computes for it.",
)

for (_, draw), tab in zip(TABS.items(), st.tabs(list(TABS), key="literature.tab", bind="query-params"), strict=True):
    if tab.open:
        with tab:
            draw()
