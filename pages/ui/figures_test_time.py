"""Figures of the planner's test-time tab: solved problems against cost, answers against samples."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED
from pages.ui.figures_memory import DASHES, laid_out, marked

HEIGHT = 460
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def coverage_figure(table: pd.DataFrame, title: str, budget_usd: float, most_samples: float) -> go.Figure:
    """Share of problems solved against USD a problem, log axis: a line a model (columns solver, usd, samples,
    coverage), dotted beyond `most_samples`; a vertical line at the budget."""
    figure = go.Figure()
    for index, (name, own) in enumerate(table[table["samples"] >= 1].groupby("solver", sort=False)):
        for beyond in (False, True):
            part = own[own["samples"] > most_samples] if beyond else own[own["samples"] <= most_samples]
            if part.empty:
                continue
            figure.add_scatter(
                x=part["usd"],
                y=part["coverage"],
                mode="lines",
                name=f"{name}, beyond the samples drawn" if beyond else str(name),
                showlegend=not beyond,
                line={
                    "color": COLORS[index % len(COLORS)],
                    "dash": "dot" if beyond else DASHES[index % len(DASHES)],
                    "width": 1.5 if beyond else 2.5,
                },
                customdata=part["samples"],
                hovertemplate="%{customdata:,.0f} samples for %{x:.3~s} USD: %{y:.1%}<extra>%{fullData.name}</extra>",
            )
    marked(figure, budget_usd, "budget")
    figure.update_layout(
        xaxis={"title": "USD a problem", "type": "log", "dtick": 1, "exponentformat": "power"},
        yaxis={"title": "problems with a right sample", "tickformat": ".0%", "range": [0, 1]},
    )
    return laid_out(figure, title, HEIGHT)


def verifier_figure(table: pd.DataFrame, ceiling: float, best: int, title: str) -> go.Figure:
    """Shares of problems answered rightly and wrongly, and the worth of an answer, against samples, log axis, with
    the ceiling and the best count (columns samples, right, wrong, worth)."""
    figure = go.Figure()
    for index, (column, words) in enumerate(
        {"right": "answered rightly", "wrong": "answered wrongly", "worth": "worth of a problem"}.items()
    ):
        figure.add_scatter(
            x=table["samples"],
            y=table[column],
            mode="lines",
            name=words,
            line={"color": COLORS[index], "dash": DASHES[index], "width": 2.5},
            hovertemplate="%{x:,.0f} samples: %{y:.3f}<extra>" + words + "</extra>",
        )
    figure.add_hline(y=ceiling, line={"color": MUTED, "dash": "dot"}, annotation_text="ceiling of right answers")
    if best:
        marked(figure, best, f"best: {best}")
    figure.update_layout(
        xaxis={"title": "samples at most", "type": "log", "dtick": 1},
        yaxis={"title": "share of problems, or worth", "range": [max(-1.0, table["worth"].min() - 0.05), 1.02]},
    )
    return laid_out(figure, title, HEIGHT)
