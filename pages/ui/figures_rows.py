"""Figures of fits whose rows are not sizes and tokens: along one number, loss curves, observed against predicted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.laws.columns import Column
from pages.ui.figures import MUTED, ORIGIN_SYMBOLS, slender
from pages.ui.figures_laws import QUALITATIVE

LINE = "#0072B2"
MOST_CURVES = 8
PUBLISHED_DASHES = ("dot", "dashdot", "longdash", "longdashdot")


def along_figure(
    rows: pd.DataFrame, curve: pd.DataFrame, along: str, target: str, columns: tuple[Column, Column], title: str
) -> go.Figure:
    """The target along one number: rows as points, the law as a line, dashed beyond the rows.

    `curve` has the columns `along`, predicted, low and high (NaN without draws); `columns` word the two axes.
    """
    figure = go.Figure()
    reach = rows[along].max()
    if curve["low"].notna().all():
        figure.add_scatter(
            x=np.r_[curve[along], curve[along][::-1]],
            y=np.r_[curve["high"], curve["low"][::-1]],
            fill="toself",
            fillcolor="rgba(0,114,178,0.15)",
            line_width=0,
            hoverinfo="skip",
            showlegend=False,
        )
    for part, dash, name in ((curve[along] <= reach, "solid", "the law"), (curve[along] >= reach, "dash", "beyond")):
        figure.add_scatter(
            x=curve[along][part],
            y=curve["predicted"][part],
            mode="lines",
            name=name,
            line={"color": LINE, "width": 2, "dash": dash},
        )
    _points(figure, rows, along, target)
    figure.add_vrect(x0=reach, x1=curve[along].max(), fillcolor=MUTED, opacity=0.12, line_width=0)
    return _styled(figure, title, columns[0].label, columns[1].label, "log")


def add_published(figure: go.Figure, lines: Sequence[tuple], name: str) -> None:
    """Draws what a published set predicts, as lines (x, y) of one kind under its name."""
    dash = PUBLISHED_DASHES[len({trace.legendgroup for trace in figure.data}) % len(PUBLISHED_DASHES)]
    for i, (x, y) in enumerate(lines):
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            name=name,
            legendgroup=name,
            showlegend=i == 0,
            line={"color": MUTED, "width": 1.5, "dash": dash},
            hovertemplate="%{x:.3g}, %{y:.4f}<extra>" + name + "</extra>",
        )


def curves_figure(rows: pd.DataFrame, predicted: np.ndarray, target: str, columns: tuple[Column, Column], title: str):
    """Loss curves as logged, as points, and as the law has them, as lines; the first MOST_CURVES of them."""
    figure = go.Figure()
    names = list(dict.fromkeys(rows["curve_id"]))
    for i, name in enumerate(names[:MOST_CURVES]):
        own = (rows["curve_id"] == name).to_numpy()
        order = np.argsort(rows["step"].to_numpy()[own], kind="stable")
        color = QUALITATIVE[i % len(QUALITATIVE)]
        common: dict[str, Any] = {"x": rows["step"].to_numpy()[own][order], "legendgroup": name}
        figure.add_scatter(
            **common,
            y=rows[target].to_numpy()[own][order],
            mode="markers",
            name=str(name),
            marker={"size": 4, "color": color, "opacity": 0.55},
        )
        figure.add_scatter(
            **common,
            y=predicted[own][order],
            mode="lines",
            name=f"{name}, the law",
            line={"color": color, "width": 2},
            showlegend=False,
        )
    low, high = np.quantile(rows[target], [0.0, 0.97])
    _styled(figure, title, columns[0].label, columns[1].label, "linear")
    return figure.update_yaxes(range=[low - 0.05 * (high - low), high + 0.2 * (high - low)])


def parity_figure(rows: pd.DataFrame, predicted: np.ndarray, target: str, column: Column, title: str) -> go.Figure:
    """Observed against predicted: for laws of more numbers than a figure has axes."""
    figure = go.Figure()
    _points(figure, rows.assign(predicted=predicted), "predicted", target)
    ends = [min(predicted.min(), rows[target].min()), max(predicted.max(), rows[target].max())]
    figure.add_scatter(x=ends, y=ends, mode="lines", name="as predicted", line={"color": LINE, "width": 1.5})
    return _styled(figure, title, f"predicted {column.label}", f"observed {column.label}", "linear")


def _points(figure: go.Figure, rows: pd.DataFrame, x: str, y: str) -> None:
    origins = rows["origin"] if "origin" in rows else pd.Series("published", rows.index)
    for origin, own in rows.groupby(origins):
        figure.add_scatter(
            x=own[x],
            y=own[y],
            mode="markers",
            name=f"{origin} rows ({len(own)})",
            marker={
                "size": 8,
                "symbol": ORIGIN_SYMBOLS.get(str(origin), "circle"),
                "color": "#E69F00",
                "line": {"color": MUTED, "width": 0.7},
            },
        )


def _styled(figure: go.Figure, title: str, x: str, y: str, kind: str) -> go.Figure:
    return figure.update_layout(
        slender(title, 500),
        xaxis={"title": x, "type": kind, "exponentformat": "power"},
        yaxis={"title": y},
    )
