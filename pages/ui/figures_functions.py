"""The figure of what approximations of functions lose against what they cost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED, slender

COLORS = {"exp": "#0072B2", "tanh": "#009E73", "erf": "#E69F00", "gelu": "#D55E00", "log I": "#CC79A7"}
# Of the arithmetic and what its result is stored in; open shapes, since some lie on top of each other.
SYMBOLS = {
    ("fp32", "fp32"): "circle-open",
    ("fp32", "bf16"): "square-open",
    ("bf16", "bf16"): "x-open",
    ("fp64", "fp64"): "diamond-open",
}
HEIGHT = 470


def front(rows: pd.DataFrame, cost: str, loss: str) -> pd.DataFrame:
    """The rows than which none is both cheaper and better, by cost."""
    ordered = rows.dropna(subset=[cost, loss]).sort_values([cost, loss])
    return ordered[ordered[loss] < ordered[loss].cummin().shift(fill_value=np.inf)]


def functions_figure(
    frame: pd.DataFrame, axes: tuple[str, str], labels: tuple[str, str], floors: Mapping[str, float], title: str
) -> go.Figure:
    """Losses over costs (two columns of frame, in this order), both logarithmic but the cost of operations.

    Dotted: the front of each function in each precision. floors: words -> height of a line across.
    """
    cost, loss = axes
    figure = go.Figure()
    kinds = list(zip(frame["function"], frame["arithmetic"], frame["stored"], strict=True))
    for function, arithmetic, stored in dict.fromkeys(kinds):
        rows = frame[[kind == (function, arithmetic, stored) for kind in kinds]]
        color, symbol = COLORS[function], SYMBOLS[arithmetic, stored]
        best = front(rows, cost, loss)
        figure.add_scatter(
            x=best[cost], y=best[loss], mode="lines", showlegend=False, hoverinfo="skip",
            line={"color": color, "width": 1, "dash": "dot"},
        )  # fmt: skip
        name = f"{function}, {arithmetic}" + ("" if stored == arithmetic else f", stored in {stored}")
        figure.add_scatter(
            x=rows[cost],
            y=rows[loss],
            mode="markers",
            name=name,
            marker={"color": color, "symbol": symbol, "size": 12, "line": {"width": 2, "color": color}},
            customdata=rows[["title"]],
            hovertemplate=f"{name}: %{{customdata[0]}}<br>%{{x:.3g}}, %{{y:.3g}}<extra></extra>",
        )
    for place, (words, height) in enumerate(floors.items()):
        side = "bottom" if place else "top"  # words of lines that lie close keep apart
        figure.add_hline(y=height, line={"color": MUTED, "width": 1.2, "dash": "dash"})
        figure.add_annotation(
            xref="paper", x=1, xanchor="right", y=np.log10(height), yanchor=side, text=words, showarrow=False
        )
    figure.update_xaxes(title=labels[0], rangemode="tozero")
    figure.update_yaxes(title=labels[1], type="log", exponentformat="power", dtick=2)
    return figure.update_layout(**slender(title, HEIGHT))
