"""Figures of the planner's tab on equal hours: loss against hours of an accelerator, by scheme or by method."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import SCHEME_COLORS
from pages.ui.figures_memory import DASHES, laid_out, marked

HEIGHT = 480
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
SYMBOLS = ("circle", "diamond", "square", "cross", "x", "triangle-up")


def schemes_figure(table: pd.DataFrame, title: str, hours: float) -> go.Figure:
    """Predicted loss against accelerator hours, log axis, a line a scheme (columns scheme, hours, n_tokens, loss)."""
    figure = go.Figure()
    for index, (name, own) in enumerate(table.groupby("scheme", sort=False)):
        color = SCHEME_COLORS.get(str(name), COLORS[index % len(COLORS)])
        _line(figure, own, str(name), color, DASHES[index % len(DASHES)], own["n_tokens"])
    return _hours_axis(figure, title, hours)


def methods_figure(
    curves: pd.DataFrame, points: pd.DataFrame, measured_to: float, meeting: Mapping[str, float], title: str
) -> go.Figure:
    """Fitted loss of methods against accelerator hours, dotted beyond `measured_to`, with their points (columns method,
    hours, loss) and where they meet (words -> hours)."""
    figure = go.Figure()
    for index, (name, own) in enumerate(curves.groupby("method", sort=False)):
        color = COLORS[index % len(COLORS)]
        for beyond in (False, True):
            part = own[own["hours"] >= measured_to] if beyond else own[own["hours"] <= measured_to]
            _line(figure, part, f"{name}, extrapolated" if beyond else str(name), color, "dot" if beyond else "solid",
                  part["n_tokens"], not beyond)  # fmt: skip
        seen = points[points["method"] == name]
        figure.add_scatter(
            x=seen["hours"],
            y=seen["loss"],
            mode="markers",
            name=f"{name}, measured",
            marker={"color": color, "symbol": SYMBOLS[index % len(SYMBOLS)], "size": 9},
            hovertemplate="%{x:,.3~s} hours: %{y:.3f}<extra>%{fullData.name}</extra>",
        )
    for words, hours in meeting.items():
        if np.isfinite(hours):
            marked(figure, hours, words)
    return _hours_axis(figure, title, None)


def _line(
    figure: go.Figure, own: pd.DataFrame, name: str, color: str, dash: str, tokens: pd.Series, legend: bool = True
) -> None:
    figure.add_scatter(
        x=own["hours"],
        y=own["loss"],
        mode="lines",
        name=name,
        showlegend=legend,
        line={"color": color, "dash": dash, "width": 2.5},
        customdata=tokens,
        hovertemplate="%{x:,.3~s} hours, %{customdata:.3~s} tokens: %{y:.3f}<extra>%{fullData.name}</extra>",
    )


def _hours_axis(figure: go.Figure, title: str, hours: float | None) -> go.Figure:
    if hours is not None:
        marked(figure, hours, "your hours")
    figure.update_layout(
        xaxis={"title": "hours of accelerators", "type": "log", "dtick": 1},
        yaxis={"title": "predicted loss [nats/token]"},
    )
    return laid_out(figure, title, HEIGHT)
