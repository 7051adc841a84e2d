"""The figure of scaling efficiency: the share of a device's rate that is left as more devices train together."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED
from pages.ui.figures_memory import DASHES, laid_out

COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross")


def scaling_figure(table: pd.DataFrame, title: str) -> go.Figure:
    """Efficiency over the number of devices, log axis, a line a series (columns series, n_devices, efficiency,
    tflops); the dashed line is 100%."""
    figure = go.Figure()
    for index, (name, own) in enumerate(table.groupby("series", sort=False)):
        look = index % len(COLORS)
        figure.add_scatter(
            x=own["n_devices"],
            y=100 * own["efficiency"],
            mode="lines+markers",
            name=str(name),
            line={"color": COLORS[look], "dash": DASHES[index // len(COLORS) % len(DASHES)]},
            marker={"symbol": SYMBOLS[look], "size": 8},
            customdata=own["tflops"],
            hovertemplate="%{x:,} devices: %{y:.0f}%, %{customdata:.4g} TFLOP/s each<extra>%{fullData.name}</extra>",
        )
    figure.add_hline(y=100, line={"color": MUTED, "dash": "dash", "width": 1.5})
    figure.update_layout(
        xaxis={"title": "devices that train together", "type": "log", "dtick": 1},
        yaxis={"title": "rate of each, % of that at the fewest", "rangemode": "tozero"},
    )
    return laid_out(figure, title, 440 + 22 * table["series"].nunique())
