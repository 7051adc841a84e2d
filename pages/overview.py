"""Overview: what should I train in?"""

import pandas as pd
import streamlit as st

from analysis.plans.hardware import native_schemes
from pages.ui import changes, coefficients, figures_planner, figures_schemes, guide, panels, planning, speeds
from pages.ui.hardware import choose_machine, peak_words
from pages.ui.session import store

panels.header(
    "Precision Atlas",
    "Which number format should I train in, how big a model, on how many tokens, how sure? Change the sentence.",
)

devices = store().table("devices")
basis = coefficients.default_basis(store())
if devices.empty or basis is None:
    panels.empty_state(
        "The store holds no devices or no runs of a law with formats, so there is nothing to answer from yet. Upload "
        "runs with forward_format and backward_format columns.",
        "pages/results.py",
        "Upload runs",
    )
    st.stop()

machine = choose_machine(store(), "overview")
hardware, device = machine.hardware, machine.device
speed = speeds.usual_speeds(store(), device, hardware.peaks)
schemes = native_schemes(hardware, basis.factors, speed.tables, speed.spread)
table = planning.best_models_of(basis, schemes, machine)
ranked = table[table["why_not"].isna()].sort_values("loss")
if ranked.empty:
    panels.empty_state(
        f"No BF16 or FP8 rate is listed for {device}: pick another device, or measure yours.",
        "pages/probe.py",
        "Probe this machine",
    )
    st.stop()
best = ranked.iloc[0]

runs = store().table("runs", source_id="quartet_2025")
beyond = 6 * best["n"] * best["d"] / float((6 * runs["n_params"] * runs["n_tokens"]).max())
if beyond > 1:
    st.caption(
        f":material/warning: This budget is {beyond:,.0f}x the compute of the largest run behind the law: read the "
        "ranking and the losses as extrapolations."
    )
st.success(planning.answer(best, ranked), icon=":material/target:")

strip, small_map = st.columns([3, 2], gap="large")
with strip:
    panels.show_figure(
        figures_schemes.scheme_figure(
            planning.with_costs(ranked, machine), f"All schemes on {device}, each at its own best size"
        ),
        "Predicted loss of every scheme with its interval",
        table,
        "overview.schemes",
        f"{basis.sentence} Each scheme trains its own best N and D for {hardware.days:g} days; beside its loss: days "
        f"and money that reach the best one's. Bars: 95% of the draws of law, speeds and utilization. Dense datasheet "
        f"peaks: {peak_words(hardware)}. {machine.sentence} "
        f"{speed.sentence}",
    )
with small_map:
    reference = ranked[ranked["scheme"] == f"{hardware.reference}:{hardware.reference}"]
    here = pd.DataFrame({"label": "you are here", "n_params": reference["n"], "n_tokens": reference["d"]})
    panels.show_figure(
        figures_planner.region_figure(
            planning.optimality_map(basis, schemes),
            [(here, "star", "your budget")],
            "Where each format wins",
            height=330,
        ),
        "Small map of the winning scheme",
        None,
        "overview.map",
        "Planner rules: equal inference and training budgets; the star is the reference's optimum of your budget.",
    )
    st.page_link("pages/planner.py", label="Open the planner", icon=":material/map:")

panels.show_table(
    planning.readable_models(table, machine),
    "overview.table",
    "Serving: GPU-days at 2 N FLOPs per token and the same utilization, a lower estimate that ignores memory limits.",
)

why, change, yours = st.columns(3, gap="large")
with why.container(border=True, height="stretch"):
    st.subheader("Why this answer")
    st.markdown(
        f"An FP4 forward pass makes parameters count {basis.values[basis.factors.forward]:.2f} and an FP4 backward "
        f"pass makes tokens count {basis.values[basis.factors.backward]:.2f} (fitted on published runs); its speed "
        "buys more of both. FP8 and BF16 count in full, as the law assumes."
    )
    st.page_link("pages/scaling_laws.py", label="Check the law on its runs", icon=":material/trending_down:")
with change.container(border=True, height="stretch"):
    st.subheader("What would change it")
    st.markdown(changes.break_even_words(basis, schemes, machine, best))
    st.page_link("pages/planner.py", label="Try other speeds and coefficients", icon=":material/tune:")
with yours.container(border=True, height="stretch"):
    st.subheader("Make it yours")
    st.markdown("Your own runs fit the same laws, and your own GPU gives measured speeds instead of datasheet ones.")
    st.page_link("pages/results.py", label="Upload runs", icon=":material/upload:")
    st.page_link("pages/probe.py", label="Probe this machine", icon=":material/speed:")

guide.own_way(store())
