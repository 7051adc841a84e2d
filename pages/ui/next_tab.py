"""The tab that predicts a run, says how sure that is, and proposes the runs that would make it surer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.laws.columns import column_of
from analysis.trust.holdout import flops_of, warning
from pages.ui import figures_trust, headings, law_tables, panels, tasks
from pages.ui.law_tabs import View
from pages.ui.tasks import Examined
from pages.ui.working import computed


def next_runs(view: View, examined: Examined | None) -> None:
    """A prediction with its interval and warning, and the runs that would make it surest."""
    law, rows = view.law, view.base_rows
    if not {"n_params", "n_tokens"} <= set(law.required_inputs):
        panels.empty_state("This law does not predict from sizes and tokens: no runs can be proposed.")
        return
    target, budget, count, beyond = _wish(view)
    predicted = float(view.full.predict(target)[0])
    low, high = (float(end[0]) for end in view.full.draws.band(target)) if view.full.draws else (np.nan, np.nan)
    times = float(flops_of(target).iloc[0] / flops_of(rows).max())
    st.markdown(
        f"Predicted {law.predicts.words} **{predicted:.4g}** [{low:.4g}, {high:.4g}] (95% bootstrap), at "
        f"{times:.3g} times the compute of the largest run."
    )
    if examined and (said := warning(times, examined.rolled)):
        st.warning(said, icon=":material/trending_flat:")
    if view.published:
        table = law_tables.predictions(law, view.published, target)
        with st.expander(f"What {len(table)} published sets predict there", icon=":material/history_edu:"):
            panels.show_table(table, "scaling_laws.published_predictions",
                              "Without the factors of formats.", headings.worded(table))  # fmt: skip
    if beyond_law := law.outside(target)[1]:
        st.warning("; ".join(beyond_law), icon=":material/block:")
    found = computed("scaling_laws.design", "Choosing runs", tasks.design, law.name, view.rows, view.choice.base,
                     view.choice.settings, target, budget, count, beyond)  # fmt: skip
    if found is None:
        return
    panels.show_figure(
        figures_trust.design_figure(
            view.rows,
            found.runs,
            target.iloc[0].to_dict(),
            f"These runs cut the uncertainty of the prediction by {100 * found.shrinkage:.0f}%",
        ),
        "Proposed runs over parameters and tokens",
        found.runs,
        "scaling_laws.design",
        f"Expected standard deviation {100 * found.before:.2g}% before, {100 * found.after:.2g}% after, "
        f"{100 * found.random:.2g}% with random runs of that budget; {found.spent:.2g} of {budget:.2g} FLOPs spent. "
        "From the curvature of the fit at its optimum, if new runs scatter around the law as these do.",
    )
    proposed = found.runs.assign(flops=found.runs["flops"] / 1e18)
    panels.show_table(
        proposed,
        "scaling_laws.next",
        "Runs to add; repeats are runs with other seeds.",
        headings.worded(
            proposed,
            {
                "n_params": st.column_config.NumberColumn("N [parameters]", format="compact"),
                "n_tokens": st.column_config.NumberColumn("D [tokens]", format="compact"),
                "flops": st.column_config.NumberColumn("cost of one [1e18 FLOPs]", format="%.4g"),
            },
        ),
    )


def _wish(view: View) -> tuple[pd.DataFrame, float, int, float]:
    rows, law = view.base_rows, view.law
    spent = float(flops_of(rows).max())
    row = st.columns(5)
    size = _number(row[0], "Predict at N [billions]", "at_n", 4e-9 * rows["n_params"].max())
    tokens = _number(row[1], "and D [billions]", "at_d", 4e-9 * rows["n_tokens"].max())
    budget = _number(row[2], "Budget [1e18 FLOPs]", "budget", 2e-18 * spent, "For all runs together.")
    count = row[3].number_input("Runs at most", 1, 30, 6, key="scaling_laws.count", bind="query-params")
    furthest = "How far beyond the largest size and token count runs may be proposed."
    beyond = _number(row[4], "Sizes up to [times]", "beyond", 1.0, furthest, least=1.0)
    usual = {n: rows[n].mode().iloc[0] for n in law.inputs if n in rows and rows[n].notna().any()}
    target = pd.DataFrame([usual | _formats(view) | {"n_params": size * 1e9, "n_tokens": tokens * 1e9}])
    return target, budget * 1e18, int(count), float(beyond)


def _formats(view: View) -> dict[str, str]:
    """The format of each pass for which the prediction is wanted, where the fit has a factor for it."""
    chosen = {}
    columns = {str(param.per): param for param in view.full.law.groups}  # several parameters may be per one column
    for (column, param), place in zip(columns.items(), st.columns(max(2, len(columns))), strict=False):
        known = [p.partition("[")[2].rstrip("]") for p in view.full.values if p.startswith(f"{param.symbol}[")]
        if known:
            options = known if param.required else [param.baseline or "bf16", *known]
            label, key = column_of(column).words.capitalize(), f"scaling_laws.at_{column}"
            chosen[column] = place.selectbox(label, options, key=key, bind="query-params")
    return chosen


def _number(place, label: str, name: str, value: float, said: str | None = None, least: float = 1e-6) -> float:
    """A number above 0 that is kept in the address of the page."""
    usual = float(f"{value:.2g}")
    key = f"scaling_laws.{name}"
    return float(place.number_input(label, least, 1e12, usual, key=key, bind="query-params", help=said, format="%g"))
