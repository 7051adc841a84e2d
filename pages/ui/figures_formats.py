"""Figures of the format lab: number lines, error against bits, and a tensor on a format's grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.formats.survey import Usage, pareto
from pages.ui.figures import MUTED, format_color, slender

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")
DEEPEST = -36
BIT_TICKS = (2, 3, 4, 5, 6, 8, 12, 16)


def number_lines(lines: pd.DataFrame, reaches: dict[str, float], names: Sequence[str], title: str) -> go.Figure:
    """The values of each format in its own row, largest values aligned: linear left, log2 of the magnitude right.

    lines: format, relative (value / largest value), words (the hover). reaches: log2 of the smallest magnitude
    that the block scale adds, by format, where it has one.
    """
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        subplot_titles=("linear", "logarithmic, base 2"),
    )
    for name, reach in reaches.items():
        figure.add_scatter(
            x=[max(reach, DEEPEST), 0],
            y=[name, name],
            mode="lines",
            line={"color": format_color(name), "width": 2, "dash": "dot"},
            hoverinfo="skip",
            row=1,
            col=2,
        )
    for name in names:
        rows = lines[lines["format"] == name]
        positive = rows[rows["relative"] > 0]
        with np.errstate(divide="ignore"):
            figure.add_trace(_ticks(name, rows["relative"], rows["words"]), row=1, col=1)
            figure.add_trace(_ticks(name, np.log2(positive["relative"]), positive["words"]), row=1, col=2)
    figure.update_yaxes(categoryorder="array", categoryarray=list(reversed(names)), showgrid=False)
    figure.update_xaxes(range=[min(-1.0, lines["relative"].min()) - 0.03, 1.03], col=1)
    figure.update_xaxes(range=[DEEPEST, 0.7], dtick=4, col=2)
    figure.update_annotations(font={"size": 13})
    return figure.update_layout(
        title=title, height=130 + 38 * len(names), showlegend=False, margin={"l": 10, "r": 10, "t": 74, "b": 10}
    )


def _ticks(name: str, positions: pd.Series, words: pd.Series) -> go.Scatter:
    color = format_color(name)
    return go.Scatter(
        x=positions.astype(np.float32),
        y=[name] * len(positions),
        mode="markers",
        marker={"symbol": "line-ns", "size": 17, "color": color, "line": {"width": 1.6, "color": color}},
        text=words,
        hovertemplate="%{text}<extra></extra>",
    )


def error_figure(frame: pd.DataFrame, chosen: Sequence[str], before: pd.DataFrame | None, title: str) -> go.Figure:
    """SQNR against bits per element: every format faint, the chosen ones bold, the Pareto front as a line.

    `before`, where given, holds the same rows without the transform: hollow marks joined to the solid ones.
    """
    finite = frame[np.isfinite(frame["sqnr_db"])]
    front = pareto(finite)
    figure = go.Figure()
    figure.add_scatter(
        x=front["bits_per_element"],
        y=front["sqnr_db"],
        mode="lines",
        name="best at its size (Pareto front)",
        line={"color": MUTED, "width": 1, "dash": "dot", "shape": "hv"},
        hoverinfo="skip",
    )
    others = finite[~finite["format"].isin(chosen)]
    figure.add_scatter(
        x=others["bits_per_element"],
        y=others["sqnr_db"],
        mode="markers",
        name="other formats",
        marker={"color": MUTED, "size": 7, "opacity": 0.6},
        customdata=others[["format", "title"]],
        hovertemplate="%{customdata[0]} (%{customdata[1]})<br>%{x:.4g} bits, %{y:.2f} dB<extra></extra>",
    )
    for index, name in enumerate(n for n in chosen if n in set(finite["format"])):
        row = finite[finite["format"] == name].iloc[0]
        _bold(figure, row, SYMBOLS[index % len(SYMBOLS)], before)
    figure.update_xaxes(title="bits per element, scales included", type="log", tickvals=BIT_TICKS, tickangle=0)
    figure.update_yaxes(title="SQNR [dB], higher is better")
    return figure.update_layout(**slender(title, 500))


def _bold(figure: go.Figure, row: pd.Series, symbol: str, before: pd.DataFrame | None) -> None:
    color = format_color(row["format"])
    x, y, symbols = [row["bits_per_element"]], [row["sqnr_db"]], [symbol]
    if before is not None:
        earlier = before.loc[before["format"] == row["format"], "sqnr_db"].iloc[0]
        x, y, symbols = x * 2, [earlier, *y], [f"{symbol}-open", symbol]
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines+markers",
        name=f"{row['format']} {row['sqnr_db']:.1f} dB",
        marker={"color": color, "size": 13, "symbol": symbols, "line": {"width": 2, "color": color}},
        line={"color": color, "width": 1.5},
        hovertemplate=f"{row['format']}<br>%{{x:.4g}} bits, %{{y:.2f}} dB<extra></extra>",
    )


def usage_figure(used: Usage, name: str, title: str) -> go.Figure:
    """The scaled tensor as a histogram (area) and the share of elements on each value of the format (bars)."""
    color = format_color(name)
    centers = (used.edges[1:] + used.edges[:-1]) / 2
    figure = make_subplots(specs=[[{"secondary_y": True}]])
    figure.add_scatter(
        x=centers,
        y=used.density,
        name="tensor, in units of its scales",
        fill="tozeroy",
        mode="lines",
        line={"color": MUTED, "width": 1, "shape": "hvh"},
        hovertemplate="%{x:.4g}: density %{y:.3g}<extra></extra>",
        secondary_y=False,
    )
    reach = used.edges[-1]
    shown = np.abs(used.values) <= reach * 1.02
    figure.add_bar(
        x=used.values[shown],
        y=100 * used.share[shown],
        width=reach / (45 if shown.sum() < 40 else 200),
        name=f"on the values of {name}",
        marker={"color": color, "line": {"width": 0}},
        hovertemplate="%{x:.6g}: %{y:.3g}% of the elements<extra></extra>",
        secondary_y=True,
    )
    figure.update_yaxes(rangemode="tozero", tickmode="auto", nticks=6)
    figure.update_yaxes(title_text="density of the tensor", showgrid=False, secondary_y=False)
    figure.update_yaxes(title_text="share of elements [%]", secondary_y=True)
    figure.update_xaxes(title="value / block scale", range=[-reach * 1.03, reach * 1.03])
    return figure.update_layout(**slender(title, 400))
