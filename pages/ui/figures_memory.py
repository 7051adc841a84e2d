"""The figure of bytes by part against the memory of a device, and the look that the planner's figures share."""

from __future__ import annotations

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
LEGEND = {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"}
MARGIN = {"l": 10, "r": 20, "t": 80, "b": 10}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


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
            annotation={"text": words_of, "font": {"size": 12}, "yanchor": "bottom", "y": 0},
            annotation_position="bottom right",
        )
    widest = max([*table["total"], *limits.values()])
    figure.update_layout(
        title=title,
        barmode="stack",
        height=150 + 36 * len(table),
        margin=MARGIN,
        xaxis={"title": "memory [GB]", "range": [0, 1.3 * widest]},
        yaxis={"autorange": "reversed"},
        legend=LEGEND | {"traceorder": "normal"},
    )
    return figure
