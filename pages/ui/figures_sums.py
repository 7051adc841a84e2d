"""The figure of what sums lose, by accumulator and order."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import slender

HEIGHT = 350
SAVED = "#C3C7CE"
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


def energy_figure(claims: pd.DataFrame, title: str) -> go.Figure:
    """Published savings as bars: what is left of the energy, with the saving written on each (subject, value [%])."""
    figure = go.Figure()
    parts = (("left", 100 - claims["value"], "#0072B2"), ("saved", claims["value"], SAVED))
    for name, share, color in parts:
        figure.add_bar(
            x=share,
            y=claims["subject"],
            orientation="h",
            name=name,
            marker={"color": color},
            text=[f"{value:.3g}% {name}" for value in share],
            hovertemplate=f"%{{y}}: %{{x:.3g}}% {name}<extra></extra>",
        )
    figure.update_xaxes(title="share of the energy of float products [%]", range=[0, 100])
    figure.update_yaxes(autorange="reversed")
    return figure.update_layout(barmode="stack", **slender(title, 260))
