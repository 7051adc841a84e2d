"""The figure of bytes by part against the memory of a device, and the look that the planner's figures share."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED

# Parts keep one colour in both tabs; a pattern repeats what the colour says.
PARTS = {
    "weights": ("#0072B2", ""),
    "cache": ("#E69F00", "/"),
    "activations": ("#009E73", "."),
    "gradients": ("#CC79A7", "x"),
    "optimizer": ("#8C8C8C", "\\"),
}
TITLE_CHARACTERS = 44  # of a line of a title: what a phone shows
LEGEND_PX = 64  # below the plot, under the title of its axis
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def laid_out(figure: go.Figure, title: str, height: int, top: int = 20) -> go.Figure:
    """The figure with its title in lines that a phone can show, and its legend below the plot, never over the title."""
    lines = textwrap.wrap(title, TITLE_CHARACTERS)
    above = top + 24 * len(lines)
    figure.update_layout(
        # Plotly hangs the first line above the place of the others.
        title={"text": "<br>".join(lines), "y": 1 - (8 + 20 * (len(lines) - 1)) / height, "yanchor": "top"},
        height=height,
        margin={"l": 10, "r": 20, "t": above, "b": 10},
        legend={"orientation": "h", "x": 0, "y": -LEGEND_PX / (height - above - 120), "yanchor": "top"},
    )
    return figure


def marked(figure: go.Figure, x: float, said: str) -> go.Figure:
    """The figure, whose horizontal axis has logs, with a dashed vertical line at `x` and its words on top."""
    figure.add_vline(x=x, line={"color": MUTED, "dash": "dash"})
    # Plotly puts an annotation of add_vline at x decades, not at x.
    place = {"x": math.log10(x), "xref": "x", "y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": "center"}
    figure.add_annotation(text=said, showarrow=False, font={"size": 12}, **place)
    return figure


def memory_figure(
    table: pd.DataFrame, label: str, parts: Sequence[str], limits: Mapping[str, float], title: str
) -> go.Figure:
    """Stacked bars of GB by part, one bar a row of `table` named by its column `label`; lines at `limits` [GB]."""
    figure = go.Figure()
    for part in parts:
        color, pattern = PARTS[part]
        figure.add_bar(
            x=table[part],
            y=table[label],
            name=part,
            orientation="h",
            marker={"color": color, "pattern": {"shape": pattern, "solidity": 0.25}},
            hovertemplate=f"{part} %{{x:,.3~s}} GB<extra>%{{y}}</extra>",
        )
    totals = [f" {total:,.0f} GB" if total >= 10 else f" {total:,.1f} GB" for total in table["total"]]
    figure.add_scatter(
        x=table["total"],
        y=table[label],
        mode="text",
        text=[t if fits else f"{t}, too much" for t, fits in zip(totals, table["fits"], strict=True)],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    for words_of, limit in limits.items():
        figure.add_vline(
            x=limit,
            line={"color": MUTED, "width": 2, "dash": "dash"},
            annotation={"text": words_of, "font": {"size": 12}, "yanchor": "bottom"},
            annotation_position="top",
        )
    widest = max([*table["total"], *limits.values()])
    figure.update_layout(
        barmode="stack",
        xaxis={"title": "memory [GB]", "range": [0, 1.45 * widest]},
        yaxis={"autorange": "reversed"},
    )
    figure.update_legends(traceorder="normal")
    return laid_out(figure, title, 190 + 34 * len(table), top=40)
