"""Probe: how fast is it really, here?"""

import streamlit as st

from pages.ui import (
    calibrating,
    figures_probe,
    figures_roofline,
    panels,
    probe_columns,
    probe_costs,
    probe_published,
    probe_runs,
    probe_tables,
    probe_words,
    uploads,
)
from pages.ui.session import store

panels.header(
    "Probe",
    "How fast is it really, here? Each kernel's result is checked against float64 before it is timed, and speed-ups "
    "compare with bf16 in the same run on the same shape.",
)

device = probe_runs.choose_device()
if device is not None:
    probe_runs.run_panel(device, store())

results = store().table("probe_results")
runs = probe_tables.timed_runs(results)
if runs.empty:
    panels.empty_state(
        "Nothing was measured yet: run the probe above, or drop the output of another machine below. No number is "
        "shown here that was not measured."
    )
else:
    words = {f"{run['key']}/{run['device']}": probe_tables.run_words(run) for _, run in runs.iterrows()}
    if st.session_state.pop("probe.show_newest", False):
        st.session_state["probe.chosen"] = next(iter(words))
    chosen = st.selectbox("Measured run", list(words), format_func=words.__getitem__, key="probe.chosen")
    run = runs.iloc[list(words).index(chosen)]
    rows = probe_tables.rows_of(results, run)
    products = figures_probe.labelled(probe_tables.with_ratios(rows, store().table("devices")))
    shapes = probe_words.largest_first(products)
    if len(shapes) > 3:
        shapes = st.multiselect("Shapes", shapes, [shapes[0], shapes[-1]], key=f"probe.shown.{chosen}")
    if products["speedup"].notna().any() and shapes:
        panels.show_figure(
            figures_probe.speedup_figure(products, shapes, probe_words.finding(products)),
            "Speed-up over bf16 by format: " + probe_words.spoken(products),
            products.drop(columns="label"),
            "probe.speedup",
            probe_words.caption(rows, run),
        )
    if products["peak_share"].notna().any():
        panels.show_figure(
            figures_probe.peak_figure(products, "How much of the datasheet's peak is reached"),
            "Share of the dense datasheet peak by format",
            None,
            "probe.peak",
            "Native arithmetic only, each format at its best shape of this run; dense peaks (no sparsity) from the "
            "devices table.",
        )
    copied = probe_tables.copy_rate(rows)
    placed = products.dropna(subset=["intensity"])
    if copied and len(placed):
        panels.show_figure(
            figures_roofline.roofline_figure(placed, copied, probe_words.roofline_finding(placed, copied)),
            "Rate over operations per byte of every product; ceilings are the memory copy and each format's best rate",
            None,
            "probe.roofline",
            "Ceilings are measured in this run: the slope is the memory copy, a level line each native format's best. "
            "Bytes are operands and result once each; small operands that stay in a cache may lie above the slope.",
        )
    panels.show_table(
        products[list(probe_tables.TABLE_COLUMNS)].dropna(axis="columns", how="all"),
        "probe.products",
        "Medians over batches; error is relative to float64 on the values that the operands decode to.",
        probe_columns.PRODUCTS,
        probe_columns.full_height(products),
    )
    quantized = probe_costs.quantizations(rows)
    if len(quantized):
        st.subheader("What quantizing costs")
        panels.show_table(
            quantized.dropna(axis="columns", how="all"),
            "probe.quantized",
            "Activations are quantized in every step, so a product in few bits must win more than this back.",
            probe_columns.QUANTIZING,
            probe_columns.full_height(quantized),
        )
    calibrating.section(store(), rows)
    wrong = probe_tables.failures(rows)
    if len(wrong):
        st.subheader("What went wrong")
        panels.show_table(wrong, "probe.wrong", "A kernel whose result is not right, or that fails, has no time.")

shown = results if runs.empty else rows
probe_published.section(store(), probe_tables.with_ratios(shown, store().table("devices")))

if device is not None:
    refused = probe_tables.refusals(device)
    st.subheader(f"What cannot run on this device: {len(refused)} kernels")
    panels.show_table(refused, "probe.refused", "Asked of each kernel for the device above.")

st.subheader("Measure a machine without a browser")
st.markdown("On the node, in a copy of this project with its requirements installed; then drop the file below.")
st.code("python -m gpu_probe run > probe.jsonl", language="bash")
uploads.drop_zone(
    store(),
    "probe",
    "Drop the probe's JSON lines",
    "One line a case, as the command above prints them. Nothing is stored before you say so.",
)
