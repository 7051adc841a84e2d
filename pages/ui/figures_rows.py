"""Figures of fits whose rows are not sizes and tokens: along one number, loss curves, observed against predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.laws import Law
from analysis.laws.columns import COLUMNS
from pages.ui.figures import MUTED, ORIGIN_SYMBOLS, slender
from pages.ui.figures_laws import QUALITATIVE

LINE = "#0072B2"
MOST_CURVES = 8
PUBLISHED_DASHES = ("dot", "dashdot", "longdash", "longdashdot")


def along_figure(rows: pd.DataFrame, curve: pd.DataFrame, along: str, law: Law, title: str) -> go.Figure:
    """The target of a law along one number: rows as points, the law as a line, dashed beyond the rows.

    `curve` has the columns `along`, predicted, low and high (NaN without draws), and beyond.
    """
    figure = go.Figure()
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
    for part, dash, name in ((~curve["beyond"], "solid", "the law"), (curve["beyond"], "dash", "beyond")):
        figure.add_scatter(
            x=curve[along][part],
            y=curve["predicted"][part],
            mode="lines",
            name=name,
            line={"color": LINE, "width": 2, "dash": dash},
        )
    _points(figure, rows, along, law)
    beyond = curve[along][curve["beyond"]]
    figure.add_vrect(x0=beyond.min(), x1=beyond.max(), fillcolor=MUTED, opacity=0.12, line_width=0)
    figure.add_annotation(
        text="extrapolation", x=np.log10(beyond.min()), xanchor="left", y=1, yref="paper", showarrow=False,
        font_color=MUTED,
    )  # fmt: skip
    return _styled(figure, title, COLUMNS[along].label, law.predicts.label, "log")


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


def curves_figure(rows: pd.DataFrame, law: Law, title: str) -> go.Figure:
    """Loss curves as logged, as points, and as `predicted`, as lines; the first MOST_CURVES of them."""
    figure = go.Figure()
    names = list(dict.fromkeys(rows["curve_id"]))
    for i, name in enumerate(names[:MOST_CURVES]):
        own = rows[rows["curve_id"] == name].sort_values("step", kind="stable")
        color = QUALITATIVE[i % len(QUALITATIVE)]
        common: dict[str, Any] = {"x": own["step"], "legendgroup": name}
        figure.add_scatter(
            **common,
            y=own[law.target],
            mode="markers",
            name=str(name),
            marker={"size": 4, "color": color, "opacity": 0.55},
        )
        figure.add_scatter(
            **common,
            y=own["predicted"],
            mode="lines",
            name=f"{name}, the law",
            line={"color": color, "width": 2},
            showlegend=False,
        )
    low, high = np.quantile(rows[law.target], [0.0, 0.97])
    _styled(figure, title, COLUMNS["step"].label, law.predicts.label, "linear")
    return figure.update_yaxes(range=[low - 0.05 * (high - low), high + 0.2 * (high - low)])


def parity_figure(rows: pd.DataFrame, predicted: np.ndarray, law: Law, title: str) -> go.Figure:
    """Observed against predicted: for laws of more numbers than a figure has axes."""
    figure = go.Figure()
    _points(figure, rows.assign(predicted=predicted), "predicted", law)
    ends = [min(predicted.min(), rows[law.target].min()), max(predicted.max(), rows[law.target].max())]
    figure.add_scatter(x=ends, y=ends, mode="lines", name="as predicted", line={"color": LINE, "width": 1.5})
    label = law.predicts.label
    return _styled(figure, title, f"predicted {label}", f"observed {label}", "linear")


def _points(figure: go.Figure, rows: pd.DataFrame, x: str, law: Law) -> None:
    """The rows as points, told apart by origin; hollow outside the law's validity."""
    origins = rows["origin"] if "origin" in rows else pd.Series("published", rows.index)
    beyond = np.where(law.outside(rows)[0], ", outside the law's validity", "")
    for key, own in rows.groupby([origins, beyond]):
        origin, words = cast(tuple[str, str], key)
        figure.add_scatter(
            x=own[x],
            y=own[law.target],
            mode="markers",
            name=f"{origin} rows{words} ({len(own)})",
            marker={
                "size": 8,
                "symbol": ORIGIN_SYMBOLS.get(str(origin), "circle") + ("-open" if words else ""),
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


def asked_figure(lines: Mapping[str, pd.DataFrame], along: str, here: float, words: str, title: str) -> go.Figure:
    """One answer of a law, in `words`, along one number: a line per set of values (columns `along`, value, outside).

    Dotted where `outside`; a star marks the number `here` on the first line.
    """
    figure = go.Figure()
    for i, (name, line) in enumerate(lines.items()):
        color = QUALITATIVE[i % len(QUALITATIVE)]
        for outside, dash in ((False, "solid"), (True, "dot")):
            own = line["outside"] == outside
            touching = own | own.shift(1, fill_value=False) | own.shift(-1, fill_value=False)
            part = line.where(touching if outside else own)
            figure.add_scatter(
                x=line[along], y=part["value"], mode="lines", name=name, legendgroup=name,
                showlegend=bool(outside == line["outside"].all()), line={"color": color, "width": 2, "dash": dash},
                hovertemplate="%{x:.4g}<br>%{y:.4g}<extra>" + name + "</extra>",
            )  # fmt: skip
    first = next(iter(lines.values()))
    at = first.iloc[(first[along] - here).abs().argmin()]
    figure.add_scatter(
        x=[at[along]], y=[at["value"]], mode="markers", name="your number", hoverinfo="skip",
        marker={"symbol": "star", "size": 14, "color": MUTED, "line": {"color": "white", "width": 1}},
    )  # fmt: skip
    low, high = first[along].min(), first[along].max()
    kind = "log" if low > 0 and high / low >= 100 else "linear"
    _styled(figure, title, COLUMNS[along].label, words, kind)
    figure.update_xaxes(dtick=1 if kind == "log" else None)
    values = np.concatenate([line["value"].dropna() for line in lines.values()])
    spans = len(values) and values.min() > 0 and values.max() / values.min() > 30
    return figure.update_yaxes(type="log" if spans else "linear")
