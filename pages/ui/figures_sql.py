"""The figure of an answer to a query: any column against any number."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED, NOT_STATED_COLOR, format_color, legend_below
from pages.ui.figures_laws import QUALITATIVE

MOST_COLORS = 10
LEGEND_PX = 100
SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up", "x", "star", "hexagon", "bowtie", "pentagon")


def answer_figure(rows: pd.DataFrame, x: str, y: str, color: str = "") -> go.Figure:
    """`y` against `x`, one color and shape per value of `color`; texts have the vertical axis, where they can be read.

    Bars where every text of x is one of its own, else dots.
    """
    figure = go.Figure()
    words = not (pd.api.types.is_numeric_dtype(rows[x]) or pd.api.types.is_datetime64_any_dtype(rows[x]))
    bars = words and not rows.duplicated([x, color] if color else [x]).any()
    for place, (value, group) in enumerate(_groups(rows, color)):
        across, up = (group[y], _short(group[x])) if words else (group[x], group[y])
        name, paint = html.escape(value[:40], quote=False), _color(value, place)
        trace = go.Bar(x=across, y=up, orientation="h") if bars else go.Scatter(x=across, y=up, mode="markers")
        if not bars:
            trace.update(marker_size=7, marker_symbol=SYMBOLS[place % len(SYMBOLS)])
        trace.update(name=name, marker_color=paint, hovertemplate="%{x}, %{y}<extra>%{fullData.name}</extra>")
        figure.add_trace(trace)
    across, up = (y, x) if words else (x, y)
    up_axis = {"autorange": "reversed", "type": "category"} if words else _scale(rows[y])
    figure.update_layout(
        xaxis={"title": html.escape(across), **({} if bars else _scale(rows[across]))},
        yaxis={"title": html.escape(up), **up_axis},
        showlegend=bool(color),
        legend=legend_below(html.escape(color)),
        height=(LEGEND_PX if color else 0) + (min(1200, max(420, 110 + 22 * rows[x].nunique())) if words else 420),
        margin={"t": 20, "b": 40, "l": 10, "r": 10},
    )
    return figure


def _short(texts: pd.Series) -> list[str]:
    words = texts.astype(object).where(texts.notna(), "none").astype(str)
    return [html.escape(text if len(text) <= 36 else f"{text[:35]}…", quote=False) for text in words]


def _groups(rows: pd.DataFrame, color: str) -> list[tuple[str, pd.DataFrame]]:
    """The rows by their value of `color`, the most frequent first, the rest together."""
    if not color:
        return [("", rows)]
    values = rows[color].astype(object).where(rows[color].notna(), "none").astype(str)
    frequent = list(values.value_counts().index[:MOST_COLORS])
    groups = [(value, rows[values == value]) for value in frequent]
    rest = rows[~values.isin(frequent)]
    return [*groups, *([("others", rest)] if len(rest) else [])]


def _color(value: str, place: int) -> str:
    if value in ("others", "none"):
        return NOT_STATED_COLOR
    own = format_color(value) if value else MUTED
    return own if own != MUTED else QUALITATIVE[place % len(QUALITATIVE)]


def _scale(values: pd.Series) -> dict:
    """A logarithmic axis for positive numbers that span more than two decades."""
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return {}
    numbers = values.dropna().to_numpy(float)
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) and numbers.min() > 0 and numbers.max() > 100 * numbers.min():
        return {"type": "log", "exponentformat": "power"}
    return {}
