"""Results: what is known, and what have I measured?"""

import streamlit as st

from pages.ui import browse, figures_results, own_datasets, panels, samples, uploads
from pages.ui.session import store
from results_db import Picks
from results_db.readable import ORDERS

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
samples.offer("results")
own_datasets.panel(store(), "results")

runs = store().runs
there = browse.facets(store())
if not there.n_runs:
    panels.empty_state(
        "The store holds no runs yet. Drop a CSV with the columns n_params, n_tokens and loss above: one row per run."
    )
    st.stop()

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
    values = there.values
    picks = Picks(
        source=tuple(
            st.multiselect("Source", values["source"], key="results.source", placeholder="all", bind="query-params")
        ),
        forward=tuple(st.multiselect("Forward format", values["forward"], key="results.forward", placeholder="all")),
        backward=tuple(
            st.multiselect("Backward format", values["backward"], key="results.backward", placeholder="all")
        ),
        loss_label=tuple(st.multiselect("Loss", values["loss_label"], key="results.loss", placeholder="all")),
        family=tuple(st.multiselect("Family", values["family"], key="results.family", placeholder="all")),
        outliers=st.toggle("Runs their source left out", value=True, key="results.outliers", bind="query-params"),
        perplexities=st.toggle(
            f"Log-perplexities ({there.n_perplexities:,})",
            key="results.perplexities",
            bind="query-params",
            help="Logarithms of perplexities are no losses of pre-training: another text and tokenizer, often "
            "fine-tuned.",
        ),
    )
found = browse.shown(store(), picks, x, color, figures_results.most_colors(color))

with main:
    n_runs = found.counts.n_runs
    if not n_runs:
        panels.empty_state("No run matches all filters on the left: clear one of them.")
        st.stop()
    panels.show_figure(
        figures_results.runs_figure(found.points, x, color, browse.finding(found.points, x)),
        f"Loss of {found.drawn.n_runs:,} runs against {browse.AXES[x]}, coloured by {browse.COLORS[color]}",
        None,
        "results.runs",
        browse.caption(found, x),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox("Order of the table", list(ORDERS), key="results.order", bind="query-params", width=220)
        number = 1
        if n_runs > browse.PAGE_ROWS:
            pages = -(-n_runs // browse.PAGE_ROWS)
            number = min(pages, st.pagination(pages, key="results.page", width="stretch"))
    listed = runs.page(picks, order, (number - 1) * browse.PAGE_ROWS, browse.PAGE_ROWS)
    part = f"{len(listed):,} of {n_runs:,} runs" if len(listed) < n_runs else ""
    listed = listed.assign(exaflops=listed["flops"] / 1e18)
    panels.show_table(listed[list(browse.TABLE)], "results.list", part, columns=browse.TABLE, height=380)
    with st.container(horizontal=True, vertical_alignment="center"):
        for fmt, name in (("csv", "CSV"), ("parquet", "Parquet")):
            st.download_button(
                f"{n_runs:,} runs as {name}",
                lambda fmt=fmt: runs.archive(picks, fmt),
                f"runs_{fmt}.zip",
                "application/zip",
                key=f"results.download.{fmt}",
                icon=":material/download:",
                on_click="ignore",
            )
        st.caption("A zip file with the runs picked here, their sources, and what each column means.")
