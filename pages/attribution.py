"""Sources: where does each figure come from, under which license, and how is it cited?"""

import streamlit as st

from pages.ui import attribution, citing, panels
from pages.ui.session import facts, store

said = citing.program()
panels.header(
    "Sources",
    "Where does each figure come from, under which license, and how is it cited? Facts are cited; no text or code of a "
    f"source is shipped. The program itself stands under {said['license']}.",
)

opened = store()
counts = attribution.counted(opened, str(opened.path), opened.state)
if counts.empty:
    panels.empty_state("The store holds no published rows.", "pages/results.py", "Import yours")
else:
    sources = attribution.listed(facts(opened, "sources"), counts)
    found = attribution.picked(sources)
    if found.empty:
        panels.empty_state("No source matches the search and the filters.")
    else:
        attribution.draw_list(found)

program, source = st.columns(2, gap="large")
with program:
    attribution.cite_program(said)
if not counts.empty:
    with source:
        attribution.cite_source(sources)
