"""Figures of the planner's law calculator: a law along one of its inputs, loss curves of schedules, pruning."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures_memory import DASHES, laid_out, marked

HEIGHT = 440
BLUE = "#0072B2"
COLORS = (BLUE, "#D55E00", "#009E73", "#CC79A7")


def curve_figure(
    table: pd.DataFrame,
    along: str,
    predicted: str,
    axis: str,
    here: float,
    band: tuple[np.ndarray, np.ndarray] | None,
    title: str,
) -> go.Figure:
    """A law's prediction (columns `along`, predicted, outside) along one input, log axis, dotted where it is outside;
    `band` holds low and high."""
    figure = go.Figure()
    if band is not None:
        figure.add_scatter(
            x=[*table[along], *table[along][::-1]], y=[*band[1], *band[0][::-1]], mode="lines", line={"width": 0},
            fill="toself", fillcolor="rgba(0, 114, 178, 0.18)", name="95% band", hoverinfo="skip",
        )  # fmt: skip
    for outside, name in ((False, "law"), (True, "outside")):
        figure.add_scatter(
            x=table[along],
            y=table["predicted"].where(_with_neighbours(table["outside"] == outside)),
            mode="lines",
            name=name,
            line={"color": BLUE, "dash": "dot" if outside else "solid", "width": 2.5},
            hovertemplate="%{x:.3~s}: %{y:.4g}<extra></extra>",
        )
    marked(figure, here, "here")
    decades = np.log10(table["predicted"].max() / max(table["predicted"].min(), 1e-300))
    figure.update_layout(
        xaxis={"title": axis, "type": "log", "dtick": 1},
        yaxis={"title": predicted, "type": "log" if np.isfinite(decades) and decades > 1.5 else "linear"},
    )
    return laid_out(figure, title, HEIGHT)


def _with_neighbours(mask: pd.Series) -> pd.Series:
    """The mask with the point before each stretch, so that lines touch."""
    return mask | mask.shift(-1, fill_value=False)


def schedules_figure(curves: pd.DataFrame, title: str) -> go.Figure:
    """Predicted loss by step of schedules (columns curve_id, step, learning_rate, loss)."""
    figure = go.Figure()
    for index, (name, own) in enumerate(curves.groupby("curve_id", sort=False)):
        figure.add_scatter(
            x=own["step"],
            y=own["loss"],
            mode="lines",
            name=str(name),
            line={"color": COLORS[index % len(COLORS)], "dash": DASHES[index % len(DASHES)], "width": 2.5},
            customdata=own["learning_rate"],
            hovertemplate="step %{x:,}: %{y:.4f} at a rate of %{customdata:.2g}<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(xaxis={"title": "step"}, yaxis={"title": "predicted loss [nats/token]"})
    return laid_out(figure, title, HEIGHT)


def pruning_figure(table: pd.DataFrame, title: str) -> go.Figure:
    """Loss against the parameters that are served, of pruned models and of dense ones of the same training compute
    (columns served_params, loss, dense_loss, kept_share, prune_start, prune_end)."""
    figure = go.Figure()
    figure.add_scatter(
        x=table["served_params"], y=table["loss"], mode="markers", name="pruned while training",
        marker={"color": BLUE, "size": 8, "symbol": "circle"},
        customdata=table[["kept_share", "prune_start", "prune_end"]],
        hovertemplate="%{x:.3~s} served: %{y:.4f}<br>kept %{customdata[0]:.0%}, pruned from %{customdata[1]:.0%} to "
        "%{customdata[2]:.0%}<extra></extra>",
    )  # fmt: skip
    dense = table.drop_duplicates("served_params").sort_values("served_params")
    figure.add_scatter(
        x=dense["served_params"], y=dense["dense_loss"], mode="lines+markers", name="dense from the start",
        line={"color": "#D55E00", "dash": "dash"}, marker={"symbol": "diamond", "size": 9},
        hovertemplate="%{x:.3~s} served: %{y:.4f}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        xaxis={"title": "parameters served", "type": "log", "dtick": "D1"}, yaxis={"title": "loss [nats/token]"}
    )
    return laid_out(figure, title, HEIGHT)
