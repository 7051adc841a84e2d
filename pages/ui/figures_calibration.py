"""FP4's speed over FP8 by model size, this machine's beside the published tables."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.plans.calibrate import SOURCE
from analysis.plans.speed import SpeedTable
from pages.ui.figures import MUTED, format_color

DASHES = ("dot", "dash", "dashdot", "longdash")


def calibration_figure(tables: list[SpeedTable], title: str) -> go.Figure:
    """Speed-up forward and backward over parameters, one line a table: measured here solid, published dashed grey."""
    figure = make_subplots(cols=2, shared_yaxes=True, horizontal_spacing=0.05, subplot_titles=["forward", "backward"])
    for index, table in enumerate(tables):
        own = table.source_id == SOURCE
        color = format_color("nvfp4" if "NVFP4" in table.name else "mxfp4") if own else MUTED
        for column, values in enumerate((table.forward, table.backward), start=1):
            figure.add_trace(
                go.Scatter(
                    x=table.n_params,
                    y=values,
                    name=f"{'measured' if own else 'published'}: {table.name}",
                    mode="lines+markers",
                    line={"color": color, "dash": "solid" if own else DASHES[index % len(DASHES)]},
                    marker={"symbol": "square" if own else "circle-open", "size": 8 if own else 6},
                    showlegend=column == 1,
                    legendgroup=table.name,
                ),
                row=1,
                col=column,
            )
    figure.add_hline(y=1, line={"color": MUTED, "width": 1})
    figure.update_xaxes(type="log", title="parameters of the linear layers")
    figure.update_yaxes(title="speed over FP8", row=1, col=1)
    figure.update_layout(title=title, legend={"orientation": "h", "y": -0.3, "yanchor": "top"}, height=560)
    return figure
