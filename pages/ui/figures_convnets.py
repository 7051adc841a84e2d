"""The figure of the planner's image tab: how activations grow with FLOPs by strategy."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures_memory import DASHES, laid_out

HEIGHT = 480
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C8C8C")
SYMBOLS = ("circle", "diamond", "square", "cross", "x", "triangle-up", "triangle-down")


def growth_figure(table: pd.DataFrame, title: str) -> go.Figure:
    """Activations against FLOPs, both over the base's, log axes: a line a strategy (columns strategy, flops,
    activations, params)."""
    figure = go.Figure()
    for index, (name, own) in enumerate(table.groupby("strategy", sort=False)):
        figure.add_scatter(
            x=own["flops"],
            y=own["activations"],
            mode="lines+markers",
            name=str(name),
            line={"color": COLORS[index % len(COLORS)], "dash": DASHES[index % len(DASHES)]},
            marker={"symbol": SYMBOLS[index % len(SYMBOLS)], "size": 7},
            customdata=own["params"],
            hovertemplate="%{x:.3g}x FLOPs: %{y:.3g}x activations, %{customdata:.3g}x parameters"
            "<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(
        xaxis={"title": "FLOPs over the base's", "type": "log", "dtick": "D2"},
        yaxis={"title": "activations over the base's", "type": "log", "dtick": "D2"},
    )
    return laid_out(figure, title, HEIGHT)
