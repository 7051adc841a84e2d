"""Figures of the planner: the optimality map and the schemes of one cell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.planner import SCHEMES, Region
from pages.ui.figures import MUTED, SCHEME_COLORS, decade_ticks, words

PLACES = {"circle": ("middle left", "bottom right", "middle right"), "star": ("top center",)}


def region_figure(
    region: Region, models: pd.DataFrame, here: tuple[float, float] | None, title: str, height: int = 560
) -> go.Figure:
    """The map over D/N (x) and N (y): colour is the winning scheme, strength its P(win); log10 axes."""
    x, y = np.log10(region.d_over_n), np.log10(region.n_max)
    figure = go.Figure()
    for index, scheme in enumerate(SCHEMES):
        won = region.winner == index
        if won.any():
            figure.add_trace(_territory(x, y, region, index, won))
            figure.add_scatter(
                x=[None],
                y=[None],
                mode="markers",
                name=f"{scheme.name} {100 * won.mean():.0f}%",
                marker={"size": 12, "symbol": "square", "color": SCHEME_COLORS[scheme.name]},
            )
    for index in np.unique(region.winner):
        _boundary(figure, x, y, region.loss[index] - np.delete(region.loss, index, 0).min(0))
    figure.add_trace(_hover(x, y, region))
    _mark(figure, models["d_over_n"], models["n_params"], models["model"], "circle", "known models")
    if here:
        _mark(figure, [here[0]], [here[1]], ["you are here"], "star", "your budget")
    figure.update_layout(
        title=title,
        height=height,
        margin={"l": 10, "r": 10, "t": 90, "b": 10},
        xaxis={"title": "tokens per parameter D/N", "range": [x[0], x[-1]]} | decade_ticks(x[0], x[-1]),
        yaxis={"title": "parameters N at FP8 speed", "range": [y[0], y[-1]]} | decade_ticks(y[0], y[-1]),
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
    )
    return figure


def _territory(x: np.ndarray, y: np.ndarray, region: Region, index: int, won: np.ndarray) -> go.Heatmap:
    strength = region.p_win[index] if region.p_win is not None else np.ones(won.shape)
    color = SCHEME_COLORS[SCHEMES[index].name]
    rgb = ", ".join(str(int(color[i : i + 2], 16)) for i in (1, 3, 5))
    return go.Heatmap(
        x=x,
        y=y,
        z=np.where(won, strength, np.nan).astype(np.float32),
        zmin=0.25,
        zmax=1.0,
        showscale=False,
        colorscale=[[0, f"rgba({rgb}, 0.25)"], [1, f"rgba({rgb}, 0.95)"]],
        hoverinfo="skip",
    )


def _boundary(figure: go.Figure, x: np.ndarray, y: np.ndarray, margin: np.ndarray) -> None:
    """Draws where a scheme's loss equals the best of the others: `margin` (rows, columns) is their difference."""
    figure.add_contour(
        x=x,
        y=y,
        z=margin.astype(np.float32),
        showscale=False,
        showlegend=False,
        hoverinfo="skip",
        contours={"type": "constraint", "operation": "=", "value": 0, "coloring": "none"},
        line={"color": MUTED, "width": 1.5},
    )


def _hover(x: np.ndarray, y: np.ndarray, region: Region) -> go.Heatmap:
    chance = region.p_win if region.p_win is not None else np.full(region.loss.shape, np.nan)
    data = np.concatenate([region.n, region.d, region.loss, chance]).transpose(1, 2, 0).astype(np.float32)
    count = len(SCHEMES)
    lines = []
    for i, scheme in enumerate(SCHEMES):
        win = f", wins %{{customdata[{3 * count + i}]:.0%}}" if region.p_win is not None else ""
        lines.append(
            f"{scheme.name}: loss %{{customdata[{2 * count + i}]:.4f}} "
            f"(N %{{customdata[{i}]:.3s}}, D %{{customdata[{count + i}]:.3s}}{win})"
        )
    return go.Heatmap(
        x=x,
        y=y,
        z=region.winner.astype(np.float32),
        customdata=data,
        opacity=0.0,
        showscale=False,
        hovertemplate="<br>".join(lines) + "<extra></extra>",
    )


def _mark(figure: go.Figure, d_over_n, n_params, labels, symbol: str, name: str) -> None:
    # Neighbours on the map get their labels on different sides.
    places = [PLACES[symbol][i % len(PLACES[symbol])] for i in range(len(labels))]
    figure.add_scatter(
        x=np.log10(np.asarray(d_over_n, float)),
        y=np.log10(np.asarray(n_params, float)),
        mode="markers+text",
        text=list(labels),
        textposition=places,
        name=name,
        cliponaxis=False,
        marker={
            "size": 11 if symbol == "circle" else 16,
            "symbol": symbol,
            "color": "white",
            "line": {"color": "black", "width": 1.5},
        },
        textfont={"color": "black", "size": 12},
        hoverinfo="skip",
        showlegend=False,
    )


def scheme_figure(table: pd.DataFrame, title: str, unit: str = "loss [nats/token]") -> go.Figure:
    """Each scheme's loss as a dot with its 95% interval (columns scheme, loss, low, high), the winner filled."""
    figure = go.Figure()
    for row in table.to_dict("records"):
        color = SCHEME_COLORS.get(row["scheme"], MUTED)
        spread = {"array": [row["high"] - row["loss"]], "arrayminus": [row["loss"] - row["low"]], "type": "data"}
        figure.add_scatter(
            x=[row["loss"]],
            y=[row["scheme"]],
            mode="markers+text",
            text=[f"{row['loss']:.3f}"],
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
        height=110 + 52 * len(table),
        margin={"l": 10, "r": 10, "t": 50, "b": 10},
        xaxis={"title": unit},
        yaxis={"range": [len(table) - 0.5, -0.7]},
    )
    return figure
