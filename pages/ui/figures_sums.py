"""The figure of what sums lose, by accumulator and order."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

MARKS = {
    "sequential": ("#D55E00", "circle-open"),
    "promoted": ("#0072B2", "square-open"),
    "pairwise": ("#009E73", "diamond-open"),
}


def sums_figure(frame: pd.DataFrame, title: str) -> go.Figure:
    """Relative errors on a log axis, a row an accumulator, a mark an order (analysis.formats.reductions.sums)."""
    figure = go.Figure()
    for order, rows in frame.groupby("order", sort=False):
        color, symbol = MARKS[str(order)]
        figure.add_scatter(
            x=rows["error"],
            y=rows["accumulator"],
            mode="markers",
            name=str(order),
            marker={"color": color, "symbol": symbol, "size": 13, "line": {"width": 2, "color": color}},
            hovertemplate=f"%{{y}}, {order}: %{{x:.2e}}<extra></extra>",
        )
    figure.update_xaxes(type="log", title="RMS error over the RMS of the sums, left is better", exponentformat="power")
    figure.update_yaxes(autorange="reversed", title="accumulator")
    return figure.update_layout(
        title=title,
        height=340,
        margin={"l": 10, "r": 10, "t": 84, "b": 10},
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
    )
