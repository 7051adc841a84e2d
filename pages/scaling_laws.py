"""Scaling laws: does this law hold on these runs, and how far can I trust it?"""

from functools import partial

import streamlit as st

from pages.ui import (
    browse,
    fits,
    inputs,
    law_asked,
    law_main,
    law_tables,
    law_tabs,
    next_tab,
    panels,
    tasks,
    trust_tabs,
)
from pages.ui.session import facts, store
from pages.ui.working import computed

TABS = ("Residuals", "Parameters", "Profile", "Hold-out", "Compare laws", "What to run next", "Checklist",
        "Iso-loss contours", "Ask a law", "Symbols")  # fmt: skip

panels.header(
    "Scaling laws",
    "Does this law hold on these runs, and how far can I trust it? Pick runs and a law; the verdict, the fit with "
    "its 95% interval and the published coefficients appear beside each other.",
)

sample = browse.runs_to_fit(store())
if sample.runs.empty:
    panels.empty_state(
        "The store holds no runs yet: upload a table of runs to fit a law.", "pages/results.py", "Upload"
    )
    st.stop()

controls, main = st.columns([1, 3], gap="large")
with controls:
    choice = inputs.choose(partial(browse.groups_to_fit, store()), facts(store(), "cautions", table_name="runs"))
with main:
    if choice is None:
        panels.empty_state(
            "No runs can be fitted: upload runs of several sizes and tokens.", "pages/results.py", "Upload"
        )
        st.stop()
    if choice.runs.empty:
        why = f": {choice.left_out}" if choice.left_out else ""
        panels.empty_state(f"No run is left{why}. Widen the filters, or choose another law, on the left.")
        st.stop()
    if said := browse.sample_words(sample, choice.runs):
        st.caption(f":material/filter_alt: {said}")
    law, settings = choice.law, choice.settings
    result = computed("scaling_laws.fit", "Fitting", tasks.fit_runs, law.name, choice.runs, choice.base, settings)
    if result is None:
        st.stop()
    if not result.full.ended:
        st.warning(result.full.advice, icon=":material/error:")
        st.stop()

    base, full = result.base, result.full
    runs = choice.base.keep(choice.runs) if choice.base else choice.runs
    base_rows = fits.base_runs(law.name, runs, choice.base)
    predicted = runs[[law_tables.has_factors(full.law, row, full.values) for row in runs.to_dict("records")]]
    relative = full.predict(predicted) / predicted[law.target].to_numpy(float) - 1
    published = law_tables.published_sets(store().coefficient_sets(law.name), law, {law.source_id, *runs["source_id"]})
    view = law_tabs.View(choice, predicted, base_rows, base, full, relative, published)

    place = st.container()
    st.latex(law.formula)
    law_main.figure(view)
    examined = computed("scaling_laws.examine", "Examining the fit", tasks.examine, law.name, base_rows, settings)
    objectives = law_main.objectives_of(view)
    with place:
        law_main.verdict_line(view, examined, objectives)

    tabs = dict(zip(TABS, st.tabs(TABS, key="scaling_laws.tab", bind="query-params"), strict=True))
    draw = {
        "Residuals": lambda: law_tabs.residuals(view),
        "Parameters": lambda: law_tabs.parameters(view, examined, objectives),
        "Profile": lambda: trust_tabs.profile(view, examined),
        "Hold-out": lambda: trust_tabs.held_out(view, examined),
        "Compare laws": lambda: trust_tabs.compared(view),
        "What to run next": lambda: next_tab.next_runs(view, examined),
        "Checklist": lambda: trust_tabs.described(view, examined),
        "Iso-loss contours": lambda: law_tabs.isoloss(view, examined),
        "Ask a law": lambda: law_asked.asked(view),
        "Symbols": lambda: law_tabs.symbols(view),
    }
    for name, tab in tabs.items():
        if tab.open:
            with tab:
                draw[name]()
