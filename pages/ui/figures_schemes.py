"""The figure of the schemes of one budget: each one's loss with its interval."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import words
from pages.ui.figures_planner import scheme_color


def scheme_figure(table: pd.DataFrame, title: str, unit: str = "loss [nats/token]") -> go.Figure:
    """Each scheme's loss as a dot with its 95% interval (columns scheme, loss, low, high), the winner filled.

    A column `takes`, where there is one, says beside the loss what the scheme takes.
    """
    figure = go.Figure()
    for row in table.to_dict("records"):
        color = scheme_color(row["scheme"])
        spread = {"array": [row["high"] - row["loss"]], "arrayminus": [row["loss"] - row["low"]], "type": "data"}
        figure.add_scatter(
            x=[row["loss"]],
            y=[row["scheme"]],
            mode="markers+text",
            text=[f"{row['loss']:.3f}{row.get('takes', '')}"],
            textposition="top center",
            showlegend=False,
            error_x=spread if pd.notna(row["low"]) else None,
            marker={
                "size": 14,
                "color": color,
                "symbol": "circle" if row["wins"] else "circle-open",
                "line": {"width": 2, "color": color},
            },
            hovertemplate=f"loss %{{x:.4f}}<br>N {words(row['n'])}, D {words(row['d'])}<extra>{row['scheme']}</extra>",
        )
    figure.update_layout(
        title=title,
        height=100 + 44 * len(table),
        margin={"l": 10, "r": 10, "t": 50, "b": 10},
        xaxis={"title": unit},
        yaxis={"range": [len(table) - 0.5, -0.7]},
    )
    return figure
