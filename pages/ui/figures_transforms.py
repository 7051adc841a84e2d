"""The figure of what each transform gains on each kind of tensor."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED, slender

# Colour and shape of the transforms, in order; open shapes, since many gains lie on top of each other.
MARKS = (
    ("#0072B2", "circle-open"),
    ("#56B4E9", "cross-thin-open"),
    ("#E69F00", "square-open"),
    ("#009E73", "diamond-open"),
    ("#CC79A7", "triangle-up-open"),
    ("#D55E00", "x-thin-open"),
)


def gains_figure(frame: pd.DataFrame, column: str, title: str) -> go.Figure:
    """Gains in dB over no transform, a row a kind of tensor, a mark a transform; the line is no transform.

    frame: kind, transform, title and the gains in `column`.
    """
    figure = go.Figure()
    marks = dict(zip(dict.fromkeys(frame["title"]), MARKS, strict=False))
    for name, rows in frame.groupby("title", sort=False):
        color, symbol = marks[name]
        figure.add_scatter(
            x=rows[column],
            y=rows["kind"],
            mode="markers",
            name=str(name),
            marker={"color": color, "symbol": symbol, "size": 12, "line": {"width": 2, "color": color}},
            hovertemplate=f"{name}, %{{y}}: %{{x:+.2f}} dB<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": MUTED, "width": 1.5, "dash": "dash"})
    figure.update_xaxes(title="gain [dB], right is better")
    figure.update_yaxes(autorange="reversed")
    return figure.update_layout(**slender(title, 260 + 44 * frame["kind"].nunique()))
