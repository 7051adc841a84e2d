"""The figure of loss curves."""

from __future__ import annotations

import html
import itertools

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures_laws import QUALITATIVE

MOST_POINTS = 2000  # drawn per curve: a browser shows no more, and every curve keeps its first and last
DASHES = ("solid", "dash", "dot", "dashdot")


def curves_figure(curves: pd.DataFrame) -> go.Figure:
    """Loss [nats/token] against the step, one line per curve."""
    figure = go.Figure()
    styles = zip(itertools.cycle(QUALITATIVE), (dash for dash in DASHES for _ in QUALITATIVE), strict=False)
    for (name, curve), (color, dash) in zip(curves.groupby("curve_id", sort=False), styles, strict=False):
        points = _thinned(curve)
        label = html.escape(str(name)[:60], quote=False)
        figure.add_scatter(
            x=points["step"].to_numpy(),
            y=points["loss"].to_numpy(np.float32),
            mode="lines" if len(points) > 1 else "markers",
            name=f"{label} ({len(curve):,})",
            line={"color": color, "dash": dash, "width": 1.5},
            hovertemplate=f"{label}<br>step %{{x:,}}, loss %{{y:.4f}}<extra></extra>",
        )
    figure.update_layout(
        title="",
        xaxis={"title": "optimizer step"},
        yaxis={"title": "loss [nats/token]"},
        showlegend=True,
        height=360,
        margin={"t": 20, "b": 40, "l": 10, "r": 10},
    )
    return figure


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    if len(curve) <= MOST_POINTS:
        return curve
    return curve.iloc[np.unique(np.linspace(0, len(curve) - 1, MOST_POINTS).astype(int))]
