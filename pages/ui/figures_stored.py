"""The figure of one checkpoint that serves many widths."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED, slender

LINES = {
    "rounded_db": ("top bits, rounded", "#0072B2", "circle", "solid"),
    "cut_off_db": ("top bits, cut off", "#D55E00", "square", "dash"),
    "alone_db": ("a file of this width alone", MUTED, "diamond-open", "dot"),
}
HEIGHT = 380


def nested_figure(frame: pd.DataFrame, title: str) -> go.Figure:
    """SQNR by width of what one file serves, and of a file a width (analysis.formats.stored.nested_widths)."""
    figure = go.Figure()
    for column, (name, color, symbol, dash) in LINES.items():
        figure.add_scatter(
            x=frame["bits"],
            y=frame[column],
            mode="lines+markers",
            name=name,
            line={"color": color, "dash": dash, "width": 1.8},
            marker={"symbol": symbol, "size": 10, "color": color},
            hovertemplate=f"{name}, %{{x}} bits: %{{y:.2f}} dB<extra></extra>",
        )
    figure.update_xaxes(title="bits served", dtick=1)
    figure.update_yaxes(title="SQNR [dB], higher is better")
    return figure.update_layout(**slender(title, HEIGHT))
