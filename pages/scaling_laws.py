"""Scaling laws: does this law hold on these runs, and how far can I trust it?"""

import numpy as np
import pandas as pd
import streamlit as st

from analysis.fitting import Status
from analysis.frontier import compute_optimal
from analysis.holdout import errors, flops_of
from analysis.laws import LAWS
from pages.ui import figures_laws, fits, inputs, law_tables, panels, verdict
from pages.ui.figures import words
from pages.ui.session import store

panels.header(
    "Scaling laws",
    "Does this law hold on these runs, and how far can I trust it? Pick runs and a law; the verdict, the fit with "
    "its 95% interval and the published coefficients appear beside each other.",
)

all_runs = store().table("runs")
if all_runs.empty:
    panels.empty_state(
        "The store holds no runs yet: upload a table of runs to fit a law.", "pages/results.py", "Upload"
    )
    st.stop()

controls, main = st.columns([1, 3], gap="large")
with controls:
    uploads = store().datasets()
    names = dict(zip(uploads["dataset_id"], uploads["name"], strict=True))
    choice = inputs.runs_and_law(all_runs, LAWS, names, store().table("cautions", table_name="runs"))
if choice is None:
    with main:
        panels.empty_state(
            "No runs can be fitted: upload runs of several sizes and tokens.", "pages/results.py", "Upload"
        )
    st.stop()
law, runs = choice.law, choice.runs

with main:
    if runs.empty:
        panels.empty_state("No run is left with these filters: widen them on the left.")
        st.stop()
    try:
        result = fits.fitted(law.name, runs, choice.base, choice.delta)
    except ValueError as problem:
        st.warning(str(problem), icon=":material/error:")
        st.stop()
    if Status.TOO_FEW_RUNS in (result.base.status, result.full.status):
        st.warning(result.full.advice, icon=":material/error:")
        st.stop()

    runs = choice.base.keep(runs) if choice.base else runs
    base_runs = fits.base_runs(law.name, runs, choice.base)
    base, full = result.base, result.full
    known = runs[[law_tables.has_factors(law, row, full.values) for row in runs.to_dict("records")]]
    relative = full.predict(known) / known["loss"].to_numpy(float) - 1
    rms = 100 * float(np.sqrt(np.mean(relative**2)))

    sentences = verdict.accuracy(full, relative) + " " + verdict.extrapolation(law.name, base_runs, choice.delta)
    st.latex(law.formula)
    marks = {Status.CONVERGED: st.success, Status.NOT_IDENTIFIED: st.info, Status.AT_BOUND: st.warning}
    marks[full.status](f"{sentences}\n\n{full.status.name}. {full.advice}", icon=":material/gavel:")

    published = law_tables.published_sets(store().coefficient_sets(law.name), law, {law.source_id, *runs["source_id"]})
    objectives = law_tables.published_objectives(law, published, base_runs, choice.delta)
    if len(objectives):
        comparison = verdict.published_objective(base, objectives)
        if choice.base and set(runs["source_id"]) == {law.source_id}:
            best = law_tables.base_values(law, published[objectives["set"].iloc[0]])
            comparison += " " + verdict.on_other_runs(base, choice.runs, choice.base, best)
        st.markdown(comparison)

    curves = law_tables.curves(law, base, base_runs)
    caption = (
        f"{len(base_runs)} runs, {law_tables.source_words(base_runs)}; {base.loss}, δ = {choice.delta:g}; shaded: 95% "
        f"of {len(base.draws) if base.draws else 0} bootstrap resamples; dashed: beyond the longest run of that size."
    )
    data = pd.concat([pd.DataFrame(curve) for curve in curves]).drop(columns="reach")
    panels.show_figure(
        figures_laws.fit_figure(base_runs, curves, f"The law follows the runs within {rms:.2f}%"),
        f"Loss against tokens for {len(base_runs)} runs with the fitted {law.title} law",
        data,
        "scaling_laws.fit",
        caption,
    )

    residuals, parameters, isoloss, symbols = st.tabs(["Residuals", "Parameters", "Iso-loss contours", "Symbols"])
    with residuals:
        worst = 100 * errors(full, known)["max_relative_error"]
        panels.show_figure(
            figures_laws.residual_figure(
                known,
                relative,
                law_tables.factor_words(law, known),
                f"The largest error is {worst:.1f}%",
            ),
            "Relative error of the fit for each run",
            known.assign(relative_error=relative),
            "scaling_laws.residuals",
            f"{len(known)} runs; predicted over observed loss. A trend along compute would mean a wrong form.",
        )
    with parameters:
        table = law_tables.parameter_table(law, full, published, store().table("methods"))
        panels.show_table(
            table,
            "scaling_laws.parameters",
            "Fitted value with its 95% bootstrap interval, beside the published sets. 'identified' is no when the "
            "interval spans more than a factor of 2: several values fit equally well.",
        )
        if len(objectives):
            panels.show_table(
                objectives,
                "scaling_laws.objectives",
                f"Objective of each published set on the {len(base_runs)} base runs, with this δ; this fit: "
                f"{base.objective:.6g}. Sets were fitted by their authors with their own objective and runs.",
                columns={"objective": st.column_config.NumberColumn(format="%.4g")},
            )
        st.download_button(
            "Parameters as JSON",
            law_tables.as_json(full),
            f"{law.name}_fit.json",
            "application/json",
            key="scaling_laws.json",
            icon=":material/download:",
            on_click="ignore",
        )
    with isoloss:
        log_n, log_d, loss = law_tables.loss_grid(law, base.values, base_runs)
        span = flops_of(base_runs)
        frontier = compute_optimal(law, base.values, np.geomspace(span.min(), span.max() * 1e3, 80))
        frontier["inside"] = (frontier["n_params"] <= base_runs["n_params"].max()) & (
            frontier["n_tokens"] <= base_runs["n_tokens"].max()
        )
        last = frontier.iloc[-1]
        ratio = words(last["n_tokens"] / last["n_params"])
        panels.show_figure(
            figures_laws.isoloss_figure(
                log_n,
                log_d,
                loss,
                base_runs,
                frontier,
                f"At {last['flops']:.1g} FLOPs the law wants {ratio} tokens per parameter",
            ),
            "Predicted loss over parameters and tokens",
            frontier,
            "scaling_laws.isoloss",
            "Dashed box: the range of the runs. Outside it, and on the dotted part of the line, the law extrapolates.",
        )
    with symbols:
        panels.show_table(
            law_tables.symbol_table(law),
            "scaling_laws.symbols",
            f"Source: {law.source_id}; N counts {law.counts} parameters.",
        )
