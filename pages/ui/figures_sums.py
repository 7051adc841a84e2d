"""The figure of what sums lose, by accumulator and order."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import slender

HEIGHT = 350
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
    figure.update_xaxes(type="log", title="relative RMS error, left is better", exponentformat="power")
    figure.update_yaxes(autorange="reversed")
    return figure.update_layout(**slender(title, HEIGHT))
