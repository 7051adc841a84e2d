"""The figure of the planner's hardware tab: what a design needs where its baseline needs 1."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED
from pages.ui.figures_memory import laid_out

# One colour and one pattern a quantity.
LOOKS = {
    "energy": ("#D55E00", ""),
    "power": ("#E69F00", "/"),
    "area": ("#0072B2", "."),
    "time": ("#009E73", "x"),
    "cost": ("#CC79A7", "\\"),
    "speed per area": ("#56B4E9", "|"),
}


def shares_figure(table: pd.DataFrame, title: str) -> go.Figure:
    """Bars of `share` by quantity (columns quantity, share, gain, bound, format), the baseline a dashed line at 1."""
    figure = go.Figure()
    for row in table.to_dict("records"):
        color, pattern = LOOKS[row["quantity"]]
        figure.add_bar(
            x=[row["share"]],
            y=[row["quantity"]],
            orientation="h",
            showlegend=False,
            width=0.6,
            marker={"color": color, "pattern": {"shape": pattern, "solidity": 0.3}},
            text=[f"{row['share']:.3g} ({row['gain']:.3g}x, {row['bound']})"],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"{row['quantity']} {row['share']:.3g} of the baseline's, {row['format']}<extra></extra>",
        )
    figure.add_vline(x=1, line={"color": MUTED, "dash": "dash", "width": 2})
    laid_out(figure, title, 190 + 56 * len(table))
    figure.update_layout(
        xaxis={"title": "relative to the baseline (dashed, 1)", "range": [0, 1.3 * max(1.0, table["share"].max())]},
        yaxis={"autorange": "reversed"},
    )
    return figure
