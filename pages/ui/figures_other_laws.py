"""Figures of other laws: the best bits over size and data by law, and what low precision adds to the loss."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages.ui.figures import decade_ticks
from pages.ui.figures_memory import marked

# From few bits to many; readable in both themes and in grey print.
BITS_COLORS = [[0.0, "#D55E00"], [0.15, "#E69F00"], [0.4, "#56B4E9"], [0.6, "#0072B2"], [1.0, "#4D4D4D"]]
LOW, HIGH = 3.0, 16.0
ACROSS = 2  # maps beside each other: readable on a telephone too
LINES = ("#D55E00", "#E69F00", "#0072B2", "#56B4E9", "#009E73", "#CC79A7")
DASHES = ("solid", "dash", "dot", "dashdot")


def bits_figure(
    maps: Mapping[str, np.ndarray], n: np.ndarray, d_over_n: np.ndarray, beyond: Mapping[str, np.ndarray], here
) -> go.Figure:
    """One map a law of the best bits (rows N, columns D/N at 16 bits); fainter beyond the runs behind the law."""
    x, y = np.log10(d_over_n), np.log10(n)
    rows = -(-len(maps) // ACROSS)
    figure = make_subplots(
        rows, ACROSS, shared_xaxes=True, shared_yaxes=True, subplot_titles=list(maps), horizontal_spacing=0.04,
        vertical_spacing=0.09,
    )  # fmt: skip
    marker = {"symbol": "star", "size": 14, "color": "white", "line": {"color": "black", "width": 1.5}}
    for number, (title, bits) in enumerate(maps.items()):
        place = {"row": number // ACROSS + 1, "col": number % ACROSS + 1}
        for part, opacity in ((beyond[title], 0.45), (~beyond[title], 1.0)):
            z = np.where(part, bits, np.nan).astype(np.float32)
            figure.add_heatmap(
                x=x, y=y, z=z, coloraxis="coloraxis", opacity=opacity, **place,
                hovertemplate="%{z:.0f} bits<extra>" + title + "</extra>",
            )  # fmt: skip
        star = {"x": [np.log10(here[1] / here[0])], "y": [np.log10(here[0])], "marker": marker}
        figure.add_scatter(**star, mode="markers", showlegend=False, hoverinfo="skip", **place)
    figure.update_xaxes(decade_ticks(x[0], x[-1]) | {"range": [x[0], x[-1]]})
    figure.update_yaxes(decade_ticks(y[0], y[-1]) | {"range": [y[0], y[-1]]})
    figure.update_xaxes(title="D/N at 16 bits", row=rows)
    figure.update_yaxes(title="parameters N", col=1)
    bar = {
        "title": "bits",
        "tickvals": [4, 6, 8, 12, 16],
        "thickness": 12,
        "orientation": "h",
        "y": -0.14,
        "yanchor": "top",
    }
    figure.update_layout(
        title="How many bits each law would train in",
        height=340 * rows,
        margin={"l": 10, "r": 10, "t": 80, "b": 10},
        coloraxis={
            "cmin": LOW,
            "cmax": HIGH,
            "colorscale": BITS_COLORS,
            "colorbar": bar | {"y": -0.14, "yanchor": "top"},
        },
    )
    return figure


def lines_figure(
    table: pd.DataFrame, across: str, value: str, titles: tuple[str, str], title: str, mark: float | None = None
) -> go.Figure:
    """Lines of `value` over `across` by title on log axes: a dotted part is extrapolated (column extrapolated)."""
    figure = go.Figure()
    for number, (name, own) in enumerate(table.groupby("title", sort=False)):
        color, dash = LINES[number % len(LINES)], DASHES[number % 3 == 1]
        known = own if "extrapolated" not in own else own.assign(**{value: own[value].mask(own["extrapolated"])})
        if "extrapolated" in own:
            figure.add_scatter(
                x=own[across], y=own[value], mode="lines", line={"color": color, "dash": "dot", "width": 1.5},
                showlegend=bool(own["extrapolated"].all()), name=str(name), legendgroup=str(name),
            )  # fmt: skip
        figure.add_scatter(
            x=known[across], y=known[value], mode="lines", line={"color": color, "dash": dash, "width": 3},
            showlegend=not ("extrapolated" in own and own["extrapolated"].all()), name=str(name),
            legendgroup=str(name),
        )  # fmt: skip
    if mark is not None:
        marked(figure, mark, "yours")
    figure.update_layout(
        title=title,
        height=560,
        margin={"l": 10, "r": 10, "t": 50, "b": 10},
        xaxis={"title": titles[0], "type": "log", "exponentformat": "power", "dtick": 1},
        yaxis={"title": titles[1], "type": "log", "exponentformat": "power", "dtick": 1},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return figure
