"""Figures of the scaling-laws page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from analysis.laws import Law
from pages.ui.figures import MUTED, ORIGIN_SYMBOLS, QUALITATIVE, decade_ticks, slender, words

SCALE = "Viridis"


def size_colors(sizes: Sequence[float] | pd.Series, low: float, high: float) -> list[str]:
    """Colours for model sizes between `low` and `high`, on a log scale, readable on light and dark."""
    span = max(np.log(high / low), 1e-9)
    return sample_colorscale(SCALE, np.clip(0.2 + 0.7 * np.log(np.asarray(sizes) / low) / span, 0, 1).tolist())


def fit_figure(runs: pd.DataFrame, curves: list[dict], law: Law, title: str) -> go.Figure:
    """What a law predicts, for most the loss, against tokens: runs as points, a curve per size with its 95% band.

    Each curve has n_params, n_tokens (k,), predicted (k,), low and high (k,) or None, and `reach`, the largest
    number of tokens among the runs; beyond it the curve is dashed. Rows outside the law's validity are hollow, the
    points of a curve's own `outside` (k,) dotted.
    """
    words_of = law.predicts.words
    outside, _ = law.outside(runs)
    figure = go.Figure()
    low, high = runs["n_params"].min(), runs["n_params"].max()
    for curve in curves:
        color = size_colors([curve["n_params"]], low, high)[0]
        name = f"N = {words(curve['n_params'])}"
        if curve["low"] is not None:
            figure.add_scatter(
                x=np.r_[curve["n_tokens"], curve["n_tokens"][::-1]],
                y=np.r_[curve["high"], curve["low"][::-1]],
                fill="toself",
                fillcolor=color.replace("rgb", "rgba").replace(")", ", 0.15)"),
                line_width=0,
                hoverinfo="skip",
                showlegend=False,
            )
        valid = ~curve["outside"]
        for inside, dash in (
            (valid & (curve["n_tokens"] <= curve["reach"]), "solid"),
            (valid & (curve["n_tokens"] >= curve["reach"]), "dash"),
            (~valid, "dot"),
        ):
            figure.add_scatter(
                x=curve["n_tokens"][inside],
                y=curve["predicted"][inside],
                mode="lines",
                name=name,
                line={"color": color, "width": 2, "dash": dash},
                showlegend=bool(dash == "solid" and inside.any()),
                legendgroup=name,
                hovertemplate="D %{x:.3g}<br>" + words_of + " %{y:.4g}<extra>" + name + "</extra>",
            )
    beyond_words = np.where(outside, ", outside the law's validity", "")
    for key, group in runs.groupby(["origin", beyond_words]):
        origin, beyond = cast(tuple[str, str], key)
        figure.add_scatter(
            x=group["n_tokens"],
            y=group[law.target],
            mode="markers",
            name=f"{origin} runs{beyond} ({len(group)})",
            marker={
                "size": 8 if len(group) < 100 else 6,
                "symbol": ORIGIN_SYMBOLS.get(str(origin), "circle") + ("-open" if beyond else ""),
                "color": size_colors(group["n_params"], low, high),
                "line": {"color": MUTED, "width": 0.7},
            },
            customdata=np.c_[group["n_params"].map(words), group["n_tokens"].map(words), group["method"].fillna("")],
            hovertemplate="N %{customdata[0]}, D %{customdata[1]}<br>"
            + words_of
            + " %{y:.4g}<br>%{customdata[2]}<extra></extra>",
        )
    reach = runs["n_tokens"].max()
    figure.add_vrect(
        x0=reach,
        x1=reach * 10,
        fillcolor=MUTED,
        opacity=0.12,
        line_width=0,
    )
    figure.add_annotation(
        text="extrapolation", x=np.log10(reach), xanchor="left", y=1, yref="paper", showarrow=False, font_color=MUTED
    )
    return _axes(figure, title, "tokens D", law.predicts.label, 500).update_yaxes(type="log")


def _axes(figure: go.Figure, title: str, x: str, y: str, height: int) -> go.Figure:
    return figure.update_layout(
        slender(title, height),
        xaxis={"title": x, "type": "log", "exponentformat": "power", "dtick": 1},
        yaxis={"title": y},
    )


def residual_figure(
    runs: pd.DataFrame, size: pd.Series, unit: str, relative: np.ndarray, label: pd.Series, title: str
) -> go.Figure:
    """Relative error of the fit [%] of each row against its size (FLOPs where known), one marker shape per label."""
    figure = go.Figure()
    symbols = ("circle", "diamond", "square", "triangle-up", "cross", "x", "star", "hexagon")
    for i, name in enumerate(label.unique()):
        own = (label == name).to_numpy()
        figure.add_scatter(
            x=size[own],
            y=100 * relative[own],
            mode="markers",
            name=str(name),
            marker={
                "size": 7,
                "symbol": symbols[i % len(symbols)],
                "color": QUALITATIVE[i % len(QUALITATIVE)],
                "line": {"color": MUTED, "width": 0.5},
            },
            customdata=[_said(row) for row in runs[own].to_dict("records")],
            hovertemplate="%{customdata}<br>fit off by %{y:.2f}%<extra></extra>",
        )
    figure.add_hline(y=0, line_color=MUTED, line_width=1)
    return _axes(figure, title, unit, "predicted / observed - 1 [%]", 400)


def _said(row: dict) -> str:
    """What a row is, for its hover card."""
    said = [f"{letter} {words(row[name])}" for letter, name in (("N", "n_params"), ("D", "n_tokens")) if name in row]
    known = [str(row[name]) for name in ("method", "curve_id", "task") if isinstance(row.get(name), str)]
    return "<br>".join([", ".join(said), *known]).strip("<br>")


def isoloss_figure(
    log_n: np.ndarray, log_d: np.ndarray, loss: np.ndarray, runs: pd.DataFrame, frontier: pd.DataFrame, title: str
) -> go.Figure:
    """Contours of predicted loss over log10 N (columns) and log10 D (rows), the runs, and the compute-optimal line."""
    figure = go.Figure()
    figure.add_contour(
        x=log_n,
        y=log_d,
        z=loss.astype(np.float32),
        colorscale=SCALE,
        reversescale=True,
        ncontours=18,
        contours={"coloring": "heatmap", "showlabels": True, "labelfont": {"size": 11, "color": "white"}},
        line={"color": "rgba(255,255,255,0.55)", "width": 1},
        colorbar={"title": {"text": "loss<br>[nats/token]"}, "len": 0.9},
        hovertemplate="N 10^%{x:.2f}, D 10^%{y:.2f}<br>loss %{z:.3f}<extra></extra>",
    )
    figure.add_scatter(
        x=np.log10(runs["n_params"]),
        y=np.log10(runs["n_tokens"]),
        mode="markers",
        name=f"runs ({len(runs)})",
        marker={"color": "white", "size": 5, "line": {"color": "black", "width": 1}},
        hoverinfo="skip",
    )
    inside = frontier["inside"].to_numpy()
    for part, dash, name in ((inside, "solid", "compute-optimal"), (~inside, "dot", "compute-optimal, extrapolated")):
        rows = frontier.where(pd.Series(part, frontier.index))
        figure.add_scatter(
            x=np.log10(rows["n_params"]),
            y=np.log10(rows["n_tokens"]),
            mode="lines",
            name=name,
            line={"color": "#D55E00", "width": 3, "dash": dash},
            customdata=rows[["flops"]],
            hovertemplate="C %{customdata[0]:.2g} FLOPs<extra>" + name + "</extra>",
        )
    corner = {
        "x": [np.log10(runs["n_params"].min()), np.log10(runs["n_params"].max())],
        "y": [np.log10(runs["n_tokens"].min()), np.log10(runs["n_tokens"].max())],
    }
    figure.add_shape(
        type="rect",
        x0=corner["x"][0],
        x1=corner["x"][1],
        y0=corner["y"][0],
        y1=corner["y"][1],
        line={"color": "white", "width": 1.5, "dash": "dash"},
    )
    return figure.update_layout(
        slender(title, 580),
        xaxis={"title": "parameters N", "range": [log_n[0], log_n[-1]]} | decade_ticks(log_n[0], log_n[-1]),
        yaxis={"title": "tokens D", "range": [log_d[0], log_d[-1]]} | decade_ticks(log_d[0], log_d[-1]),
    )
