"""Results: what is known, and what have I measured?"""

import streamlit as st

from pages.ui import browse, figures_results, own_datasets, panels, uploads
from pages.ui.session import store
from results_db import safe_cells

panels.header(
    "Results",
    "What is known, and what have I measured? Published runs and your own side by side, each with its source.",
)

uploads.drop_zone(
    store(),
    "results",
    "Drop your runs, loss curves, evaluations or probe results",
    "Runs: CSV, TSV, Parquet or JSON with the parameters, tokens and loss of each, or a Weights & Biases run table. "
    "Loss curves: trainer_state.json, a TensorBoard event file, the table of a W&B chart, or steps and losses. "
    "Evaluations: results of the lm-evaluation-harness. The probe's JSON lines. A dataset that somebody shared. "
    "Nothing is stored before you say so.",
)
own_datasets.panel(store(), "results")
imported = store().datasets()

runs = store().table("runs")
if runs.empty:
    panels.empty_state(
        "The store holds no runs yet. Drop a CSV with the columns n_params, n_tokens and loss above: one row per run."
    )
    st.stop()

names = dict(zip(imported["dataset_id"], imported["name"], strict=True))
runs = browse.readable_runs(runs, store().table("methods"), store().table("sources"), names)
left, main = st.columns([1, 3], gap="large")
with left:
    st.subheader("Show")
    x = st.selectbox(
        "Loss against", list(browse.AXES), format_func=browse.AXES.__getitem__, key="results.x", bind="query-params"
    )
    color = st.selectbox(
        "Color", list(browse.COLORS), format_func=browse.COLORS.__getitem__, key="results.color", bind="query-params"
    )
    st.subheader("Filter")
    picks = {
        "source": st.multiselect("Source", browse.options(runs, "source"), key="results.source", placeholder="all"),
        "forward": st.multiselect(
            "Forward format", browse.options(runs, "forward"), key="results.forward", placeholder="all"
        ),
        "backward": st.multiselect(
            "Backward format", browse.options(runs, "backward"), key="results.backward", placeholder="all"
        ),
        "loss_label": st.multiselect("Loss", browse.options(runs, "loss_label"), key="results.loss", placeholder="all"),
        "family": st.multiselect("Family", browse.options(runs, "family"), key="results.family", placeholder="all"),
    }
    outliers = st.toggle("Runs their source left out", value=True, key="results.outliers", bind="query-params")
    other_scale = int((~browse.on_loss_scale(runs)).sum())
    perplexities = st.toggle(
        f"Log-perplexities ({other_scale})",
        key="results.perplexities",
        bind="query-params",
        help="Logarithms of perplexities are no losses of pre-training: another text and tokenizer, often fine-tuned.",
    )
shown = browse.chosen(runs, picks, outliers, perplexities)

with main:
    if shown.empty:
        panels.empty_state("No run matches all filters on the left: clear one of them.")
        st.stop()
    drawn = shown.dropna(subset=[x])
    origins = ", ".join(f"{count} {origin}" for origin, count in drawn["origin"].value_counts().items())
    losses = drawn["loss_label"].nunique()
    panels.show_figure(
        figures_results.runs_figure(drawn, x, color, browse.finding(drawn, x)),
        f"Loss of {len(drawn)} runs against {browse.AXES[x]}, coloured by {browse.COLORS[color]}",
        None,
        "results.runs",
        f"{len(drawn)} runs ({origins}), {losses} different {'loss' if losses == 1 else 'losses'}. Losses of different "
        "sources differ in data and tokenizer: compare within one. "
        "C is as recorded, else 6ND. No source prints an interval per run.",
    )
    panels.show_table(browse.own_first(shown)[list(browse.TABLE)], "results.list", columns=browse.TABLE, height=380)
    st.download_button(
        f"Download these {len(shown)} runs",
        safe_cells(shown[list(runs.columns)]).to_csv(index=False),
        "runs.csv",
        "text/csv",
        key="results.download",
        icon=":material/download:",
        on_click="ignore",
    )
