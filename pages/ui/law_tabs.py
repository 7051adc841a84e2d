"""Tabs of the scaling-laws page that show the fit: residuals, parameters, contours, symbols."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from analysis.fits.fitting import Fit
from analysis.laws import Law
from analysis.laws.columns import COLUMNS, column_of
from analysis.plans.frontier import compute_optimal
from analysis.trust.holdout import flops_of, size_of, warning
from analysis.trust.residuals import findings, structure
from pages.ui import citing, figures_laws, headings, law_curves, law_regimes, law_tables, panels, tasks
from pages.ui.figures import words
from pages.ui.groups import RUNS
from pages.ui.inputs import Choice
from pages.ui.session import store
from pages.ui.tasks import Examined
from pages.ui.working import computed
from results_db.browsing import MOST_FITTED


@dataclass(frozen=True)
class View:
    """What the tabs draw from: the choice, the rows with a value for every factor, those of the base, and the fits."""

    choice: Choice
    rows: pd.DataFrame
    base_rows: pd.DataFrame
    base: Fit
    full: Fit
    relative: np.ndarray
    published: dict[str, dict[str, float]]

    @property
    def law(self) -> Law:
        return self.choice.law


def residuals(view: View) -> None:
    """Errors of the fit by row, and what structure they have."""
    law, rows = view.law, view.rows
    worst = 100 * float(np.abs(view.relative).max())
    size = size_of(law, rows)
    panels.show_figure(
        figures_laws.residual_figure(
            rows,
            size,
            _size_title(size),
            view.relative,
            law_tables.factor_words(view.full.law, rows),
            f"The largest error is {worst:.1f}%",
        ),
        "Relative error of the fit for each row",
        rows.assign(relative_error=view.relative),
        "scaling_laws.residuals",
        f"{len(rows)} {view.choice.group.kind}; predicted over observed {law.predicts.words}.",
    )
    table = structure(law, rows, view.relative)
    found = findings(table)
    said = f"Beyond chance: {'; '.join(found)}." if found else "No trend, bend or run of one sign is beyond chance."
    table = table.assign(
        along=[column_of(name).words for name in table["along"]], slope_per_decade=100 * table["slope_per_decade"]
    )
    panels.show_table(
        table,
        "scaling_laws.structure",
        f"{said} Chances are of so strong a pattern in residuals without structure: rank correlation (trend), rank "
        "correlation with the distance from the middle (bend), Wald-Wolfowitz (runs of one sign). A small one means "
        "that the form of the law is wrong along that number.",
        headings.worded(
            table,
            {name: st.column_config.NumberColumn(format="%.2g") for name in table if table[name].dtype == float},
        ),
    )


def parameters(view: View, examined: Examined | None, objectives: pd.DataFrame) -> None:
    """Fitted values with their intervals, beside the published sets, and what to copy."""
    profiles = examined.profiles.by_symbol if examined and examined.profiles else {}
    table = law_tables.parameter_table(view.law, view.full, view.published, store().table("methods"), profiles)
    panels.show_table(
        table,
        "scaling_laws.parameters",
        "Fitted value with its 95% bootstrap interval and its 95% profile interval, beside the published sets. "
        "'identified' is no when the profile is open or spans more than a factor of 2: many values fit as well.",
        headings.worded(table),
    )
    law_regimes.draw(view.full)
    if not view.published:
        st.caption("No published coefficients of this law are in the store for these rows: there is only the fit.")
    if len(objectives):
        panels.show_table(
            objectives,
            "scaling_laws.objectives",
            f"Objective of each published set on the {len(view.base_rows)} base rows, as chosen on the left; this fit: "
            f"{view.base.objective:.6g}. Sets were fitted by their authors with their own objective and runs.",
            columns={"objective": st.column_config.NumberColumn(format="%.4g")},
        )
        beyond = view.law.outside(view.base_rows, published=True)
        if beyond[0].any():
            st.caption(f"For {int(beyond[0].sum())} of these rows: {'; '.join(beyond[1])}.")
    _copies(view)
    _published_refits(view)


def _copies(view: View) -> None:
    document = law_tables.as_json(view.full)
    st.download_button(
        "Parameters as JSON",
        document,
        f"{view.law.name.replace(':', '_')}_fit.json",
        "application/json",
        key="scaling_laws.json",
        icon=":material/download:",
        on_click="ignore",
    )
    with st.expander("Copy the parameters as JSON, or BibTeX of the sources", icon=":material/content_copy:"):
        st.code(document, language="json", height=200)
        sources = store().table("sources")
        wanted = [view.law.source_id, *view.rows["source_id"].unique()]
        rows = sources[sources["source_id"].isin(wanted)].to_dict("records")
        st.code("\n\n".join(map(citing.bibtex, rows)) or "% no published source", language="latex")


def _published_refits(view: View) -> None:
    """Published fits to the runs of this source, or to these curves, refitted with their own objective."""
    source, group = str(view.rows["source_id"].iloc[0]), view.choice.group
    runs = store().first_rows("runs", MOST_FITTED, source_id=source) if group.kind == RUNS else group.runs
    coefficients = store().coefficient_sets()
    wanted = coefficients[["source_id", "law", "variant", "symbol", "value"]]
    reports = computed(
        "scaling_laws.refits", "Refitting the published fits", tasks.refit_published, source, runs, wanted
    )
    if not reports:
        return
    st.subheader("Are the published fits of these runs the optimum of their own objective?")
    for number, report in enumerate(reports):
        icon = ":material/check_circle:" if report.is_optimum else ":material/report:"
        with st.expander(report.verdict, icon=icon):
            if report.note:
                st.caption(report.note)
            panels.show_table(
                report.changes,
                f"scaling_laws.refit.{number}",
                "What follows from the published values and from the refit.",
                {name: st.column_config.NumberColumn(format="%.4g") for name in ("published", "refitted")},
            )


def isoloss(view: View, examined: Examined | None) -> None:
    """Contours of predicted loss with the compute-optimal line."""
    law, rows = view.law, view.base_rows
    if not law_curves.is_planar(view.base.law, rows):
        panels.empty_state("This law needs more than sizes and tokens for these rows: there is no map of it.")
        return
    log_n, log_d, loss = law_curves.loss_grid(law, view.base.values, rows)
    span = flops_of(rows)
    frontier = compute_optimal(law, view.base.values, np.geomspace(span.min(), span.max() * 1e3, 80))
    frontier["inside"] = (frontier["n_params"] <= rows["n_params"].max()) & (
        frontier["n_tokens"] <= rows["n_tokens"].max()
    )
    last = frontier.iloc[-1]
    ratio = words(last["n_tokens"] / last["n_params"])
    said = warning(1e3, examined.rolled) if examined else ""
    panels.show_figure(
        figures_laws.isoloss_figure(
            log_n,
            log_d,
            loss,
            rows,
            frontier,
            f"At {last['flops']:.1g} FLOPs the law wants {ratio} tokens per parameter",
        ),
        "Predicted loss over parameters and tokens",
        frontier,
        "scaling_laws.isoloss",
        "Dashed box: the range of the runs. Outside it, and on the dotted part of the line, the law extrapolates. "
        + said,
    )


def symbols(view: View) -> None:
    """What each symbol means, and what follows from the law."""
    counted = f"; N counts {view.law.counts} parameters" if view.law.counts else ""
    panels.show_table(
        law_tables.symbol_table(view.law),
        "scaling_laws.symbols",
        f"Source: {view.law.source_id}{counted}.",
    )
    for note in view.law.notes:
        st.caption(note)


def _size_title(size: pd.Series) -> str:
    return COLUMNS[str(size.name)].label
