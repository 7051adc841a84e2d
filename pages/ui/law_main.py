"""The top of the scaling-laws page: the verdict line and the fit itself, drawn as its law allows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.fits.fitting import Fit, Status
from analysis.trust.holdout import size_of, size_words
from pages.ui import figures_laws, figures_rows, fit_options, headings, law_curves, law_tables, panels, verdict
from pages.ui.law_tabs import View
from pages.ui.tasks import Examined

MARKS = {Status.CONVERGED: st.success, Status.NOT_IDENTIFIED: st.info, Status.AT_BOUND: st.warning}


def verdict_line(view: View, examined: Examined | None, objectives: pd.DataFrame) -> None:
    """What the fit is worth, in one box, and where the published coefficients stand."""
    said = [verdict.accuracy(view.full, view.relative, view.choice.group.kind)]
    if examined:
        unit = size_words(size_of(view.law, view.base_rows))
        said += [
            verdict.extrapolation(examined.rolled, unit, view.choice.group.kind),
            verdict.identified(view.full, examined),
        ]
    full = view.full
    MARKS[full.status](
        f"{' '.join(filter(None, said))}\n\n{headings.status_words(full.status)}. {full.advice}",
        icon=":material/gavel:",
    )
    beyond, sentences = view.law.outside(view.rows)
    if beyond.any():
        st.warning(
            f"{int(beyond.sum())} of these rows lie outside the law's validity, drawn hollow: {'; '.join(sentences)}.",
            icon=":material/block:",
        )
    if len(objectives):
        st.markdown(_published(view, objectives))


def _published(view: View, objectives: pd.DataFrame) -> str:
    choice = view.choice
    said = verdict.published_objective(view.base, objectives, choice.settings.starts)
    if choice.base and set(choice.runs["source_id"]) == {view.law.source_id}:
        best = law_tables.base_values(view.law, view.published[objectives["set"].iloc[0]])
        said += " " + verdict.on_other_runs(view.base, choice.runs, choice.base, best, choice.settings)
    return said


def figure(view: View) -> None:
    """The rows and the law: over tokens by size, along the one number that varies, as curves, or against each other."""
    law, found, rows = view.law, view.base, view.base_rows
    group = view.choice.group
    rms = 100 * float(np.sqrt(np.mean(view.relative**2)))
    title = f"The law follows the {group.kind.split()[0]} within {rms:.2f}%"
    source = panels.plain(group.label) if group.uploaded else law_tables.source_words(rows)
    alone = law_curves.single_input(found.law, rows)
    if law.prepare:
        drawn, data, said = _as_curves(view, title)
    elif law_curves.is_planar(found.law, rows):
        drawn, data, said = _over_tokens(view, title)
    elif alone:
        drawn, data, said = _along(view, alone, title)
    else:
        drawn = figures_rows.parity_figure(rows, found.predict(rows), law, title)
        data, said = rows.assign(predicted=found.predict(rows)), "on the line the law is exact."
    caption = f"{len(rows)} {group.kind}, {source}; {fit_options.words(view.choice.settings)}; {said}"
    alt = f"{len(rows)} {group.kind} with the fitted {law.title} law"
    panels.show_figure(drawn, alt, data, "scaling_laws.fit", caption)


Drawn = tuple[go.Figure, pd.DataFrame, str]  # a figure, its data, and the end of its caption


def _as_curves(view: View, title: str) -> Drawn:
    rows = view.base_rows.assign(predicted=view.base.predict(view.base_rows))
    said = f"points as logged, lines as the law has them, {figures_rows.MOST_CURVES} curves at most."
    return figures_rows.curves_figure(rows, view.law, title), rows, said


def _over_tokens(view: View, title: str) -> Drawn:
    law, rows = view.law, view.base_rows
    curves = law_curves.curves(law, view.base, rows)
    drawn = figures_laws.fit_figure(rows, curves, law, title)
    for name, other in _beside(view):
        lines = [(curve["n_tokens"], curve["predicted"]) for curve in law_curves.curves(law, other, rows)]
        figures_rows.add_published(drawn, lines, name)
    data = pd.concat([pd.DataFrame(curve) for curve in curves]).drop(columns="reach")
    return drawn, data, f"{_draws(view)}dashed: beyond the longest run of that size."


def _along(view: View, name: str, title: str) -> Drawn:
    law, rows = view.law, view.base_rows
    data = law_curves.along(law, view.base, rows, name)
    drawn = figures_rows.along_figure(rows, data, name, law, title)
    for published, other in _beside(view):
        line = law_curves.along(law, other, rows, name)
        figures_rows.add_published(drawn, [(line[name], line["predicted"])], published)
    return drawn, data, f"{_draws(view)}dashed: beyond the rows."


def _draws(view: View) -> str:
    return f"shaded: 95% of {len(view.base.draws)} bootstrap resamples; " if view.base.draws else ""


def _beside(view: View) -> list[tuple[str, Fit]]:
    """Draws the choice of published sets to see beside the fit; each by name, as a fit of its values."""
    if not view.published:
        return []
    names = st.multiselect(
        "Draw published sets beside it",
        list(view.published),
        key=f"scaling_laws.beside.{view.law.name}",
        bind="query-params",
        help="Coefficients as their source has them, without the factors of formats. What they predict for a run of "
        "your choice is under What to run next.",
    )
    return [(name, law_tables.of_published(view.base, view.published[name])) for name in names]


def objectives_of(view: View) -> pd.DataFrame:
    """The objective of each published set on the rows of the base (columns set, objective)."""
    return law_tables.published_objectives(view.law, view.published, view.base_rows, view.choice.settings)
