"""Figures of the planner: the optimality map, and the schemes of one budget."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.plans.cells import Cells
from analysis.plans.planner import Region
from pages.ui.figures import MUTED, SCHEME_COLORS, decade_ticks, format_color

PLACES = {"circle": ("middle left", "bottom right", "middle right"), "star": ("top center",), "diamond": ("top right",)}
AXES = {False: "tokens per parameter D/N", True: "training compute at FP8 speed [FLOPs]"}
LIGHT = "#F7F7F7"
SURE = 0.95  # the band around a boundary: the cells where no scheme wins so surely
OTHERS = ("#CC79A7", "#56B4E9", "#7A6FBF", "#8A6238", "#86C34A", "#4D4D4D")
HOVER_SIDE = 100  # cells per side that hold numbers to hover: a finer map only looks finer


def scheme_color(name: str) -> str:
    """The colour of a scheme: its own, that of its forward format, or for an unknown one always the same other one."""
    known = SCHEME_COLORS.get(name, format_color(name.partition(":")[0]))
    return known if known != MUTED else OTHERS[crc32(name.encode()) % len(OTHERS)]


def region_figure(
    region: Region,
    marks: Sequence[tuple[pd.DataFrame, str, str]],
    title: str,
    height: int = 560,
) -> go.Figure:
    """The map over D/N or compute (x) and N (y), log10 axes: colour is the winning scheme, strength its P(win).

    A line is the boundary, a dotted one the edge of its band. `marks` are tables (label, n_params, n_tokens) with the
    symbol to draw and what it stands for.
    """
    cells = region.cells
    x, y = np.log10(cells.columns), np.log10(cells.n_max)
    figure = go.Figure()
    # Light in both themes: an unsure cell is pale, never dark, and the labels on the map stay readable.
    figure.add_shape(type="rect", xref="paper", yref="paper", x0=0, x1=1, y0=0, y1=1, fillcolor=LIGHT, line_width=0,
                     layer="below")  # fmt: skip
    for index, name in enumerate(region.names):
        won = region.winner == index
        if won.any():
            figure.add_trace(_territory(x, y, region, index, won))
            marker = {"size": 12, "symbol": "square", "color": scheme_color(name)}
            figure.add_scatter(
                x=[None], y=[None], mode="markers", name=f"{name} {100 * won.mean():.0f}%", marker=marker
            )
    for index in np.unique(region.winner)[1:]:
        _boundary(figure, x, y, region.loss[index] - np.delete(region.loss, index, 0).min(0))
    if region.p_win is not None and (region.p_win.max(0) < SURE).any():
        _band(figure, x, y, region.p_win.max(0))
    figure.add_trace(_hover(region))
    for table, symbol, name in marks:
        _mark(figure, table, cells, symbol, name)
    figure.update_layout(
        title=title,
        height=height,
        margin={"l": 10, "r": 10, "t": 110, "b": 10},
        xaxis={"title": AXES[cells.compute], "range": [x[0], x[-1]]} | _ticks(x, cells.compute),
        yaxis={"title": "parameters N at FP8 speed", "range": [y[0], y[-1]]} | decade_ticks(y[0], y[-1]),
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
    )
    return figure


def _ticks(x: np.ndarray, compute: bool) -> dict:
    if not compute:
        return decade_ticks(x[0], x[-1])
    decades = list(range(int(np.ceil(x[0])), int(x[-1]) + 1, 2))
    return {"tickvals": decades, "ticktext": [f"1e{decade}" for decade in decades]}


def _territory(x: np.ndarray, y: np.ndarray, region: Region, index: int, won: np.ndarray) -> go.Heatmap:
    strength = region.p_win[index] if region.p_win is not None else np.ones(won.shape)
    color = scheme_color(region.names[index])
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
    _line(figure, x, y, margin, 0.0, {"color": MUTED, "width": 1.5})


def _band(figure: go.Figure, x: np.ndarray, y: np.ndarray, highest: np.ndarray) -> None:
    """Draws where the likeliest scheme's P(win) passes SURE, and says so in the legend."""
    line = {"color": MUTED, "width": 1.5, "dash": "dot"}
    _line(figure, x, y, highest, SURE, line)
    figure.add_scatter(x=[None], y=[None], mode="lines", name=f"P(win) {SURE:g}", line=line)


def _line(figure: go.Figure, x: np.ndarray, y: np.ndarray, z: np.ndarray, value: float, line: dict) -> None:
    figure.add_contour(
        x=x,
        y=y,
        z=z.astype(np.float32),
        showscale=False,
        showlegend=False,
        hoverinfo="skip",
        contours={"type": "constraint", "operation": "=", "value": value, "coloring": "none"},
        line=line,
    )


def _hover(region: Region) -> go.Heatmap:
    rows, columns = region.winner.shape
    part = np.ix_(range(0, rows, -(-rows // HOVER_SIDE)), range(0, columns, -(-columns // HOVER_SIDE)))
    own = [stack[:, *part] for stack in (region.n, region.d, region.loss)]
    chance = [] if region.p_win is None else [region.p_win[:, *part]]
    count, lines = len(region.schemes), []
    for i, name in enumerate(region.names):
        win = f", wins %{{customdata[{3 * count + i}]:.0%}}" if chance else ""
        lines.append(
            f"{name}: loss %{{customdata[{2 * count + i}]:.4f}} "
            f"(N %{{customdata[{i}]:.3s}}, D %{{customdata[{count + i}]:.3s}}{win})"
        )
    return go.Heatmap(
        x=np.log10(region.cells.columns[part[1][0]]),
        y=np.log10(region.cells.n_max[part[0][:, 0]]),
        z=region.winner[part].astype(np.float32),
        customdata=np.concatenate([*own, *chance]).transpose(1, 2, 0).astype(np.float32),
        opacity=0.0,
        showscale=False,
        hovertemplate="<br>".join(lines) + "<extra></extra>",
    )


def _mark(figure: go.Figure, table: pd.DataFrame, cells: Cells, symbol: str, name: str) -> None:
    n, d = table["n_params"].to_numpy(float), table["n_tokens"].to_numpy(float)
    x, y = np.log10(6 * n * d if cells.compute else d / n), np.log10(n)
    ends = np.log10([cells.columns[[0, -1]], cells.n_max[[0, -1]]])
    seen = (x >= ends[0, 0]) & (x <= ends[0, 1]) & (y >= ends[1, 0]) & (y <= ends[1, 1])
    labels = table["label"].to_numpy()[seen]
    # Neighbours on the map get their labels on different sides.
    places = [PLACES[symbol][i % len(PLACES[symbol])] for i in range(len(labels))]
    figure.add_scatter(
        x=x[seen],
        y=y[seen],
        mode="markers+text",
        text=list(labels),
        textposition=places,
        name=name,
        cliponaxis=False,
        marker={
            "size": 16 if symbol == "star" else 11,
            "symbol": symbol,
            "color": "white",
            "line": {"color": "black", "width": 1.5},
        },
        textfont={"color": "black", "size": 12},
        hoverinfo="skip",
        showlegend=False,
    )
