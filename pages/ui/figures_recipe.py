"""Figures of the planner's recipe tab: a grid of runs, worth of repeated data, mixtures, curves that cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.plans.recipe import Rule, best_rates
from pages.ui.figures import MUTED, slender, words
from pages.ui.figures_memory import marked

HEIGHT = 460
MOST = 2.0  # excess [%] from which all runs have one colour: their own figures leave such runs out
COLORS = ("#0072B2", "#D55E00")
DASHES = ("dash", "dot")
EXCESS_COLORS = [[0.0, "#0072B2"], [0.1, "#56B4E9"], [0.4, "#E69F00"], [1.0, "#D55E00"]]


def grid_figure(grid: pd.DataFrame, suggested: tuple[float, float], rules: Mapping[str, Rule], title: str) -> go.Figure:
    """Runs over batch and learning rate, coloured by excess; the suggestion, the best run, and the rules through the
    suggestion. `suggested` is (batch [tokens], learning rate)."""
    figure, percent = go.Figure(), 100 * grid["excess"]
    figure.add_scatter(
        x=grid["batch_tokens"],
        y=grid["learning_rate"],
        mode="markers",
        name="published run",
        showlegend=False,
        marker={
            "symbol": "square",
            "size": 13,
            "color": percent.clip(upper=MOST),
            "cmin": 0,
            "cmax": MOST,
            "colorscale": EXCESS_COLORS,
            "colorbar": {
                "title": {"text": "above the best [%]", "side": "right"},
                "thickness": 12,
                "ticktext": ["0", "0.5", "1", "1.5", "2+"],
                "tickvals": [0, 0.5, 1, 1.5, 2],
            },
        },
        customdata=percent,
        hovertemplate="batch %{x:.3~s}, rate %{y:.3g}: %{customdata:.2f}% above the best<extra></extra>",
    )
    batch = np.array([grid["batch_tokens"].min(), grid["batch_tokens"].max()])
    for number, (name, rule) in enumerate(rules.items()):
        figure.add_scatter(
            x=batch,
            y=[rule.rate(suggested[1], times) for times in batch / suggested[0]],
            mode="lines",
            name=f"{rule.name} rule ({name})",
            line={"color": MUTED, "dash": DASHES[number], "width": 2},
            hoverinfo="skip",
        )
    rates = best_rates(grid)
    figure.add_scatter(
        x=rates["batch_tokens"],
        y=rates["learning_rate"],
        mode="markers",
        name="best rate of a batch",
        marker={"symbol": "circle-open", "size": 8, "color": MUTED, "line": {"width": 2}},
        hovertemplate="batch %{x:.3~s}: best rate %{y:.3g}<extra></extra>",
    )
    best = grid.loc[grid["loss"].idxmin()]
    for name, symbol, x, y in (
        ("best run", "x", best["batch_tokens"], best["learning_rate"]),
        ("Step Law", "star", *suggested),
    ):
        marker = {"symbol": symbol, "size": 15, "color": "white", "line": {"color": "black", "width": 1.5}}
        figure.add_scatter(x=[x], y=[y], mode="markers", name=name, marker=marker)
    logs = np.log10(grid["learning_rate"])
    figure.update_layout(
        slender(title, HEIGHT),
        xaxis={"title": "tokens per step", "type": "log"} | log_ticks(*batch, (1, 3)),
        yaxis={"title": "peak learning rate", "type": "log", "range": [logs.min() - 0.1, logs.max() + 0.1]}
        | log_ticks(grid["learning_rate"].min(), grid["learning_rate"].max(), (1, 3)),
    )
    return figure


def log_ticks(low: float, high: float, steps: Sequence[int] = (1, 2, 5)) -> dict[str, list]:
    """Ticks in words for a log axis from `low` to `high`: these `steps` of every decade."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    within = [tick for tick in ticks if low <= tick <= high]
    return {"tickvals": within, "ticktext": [words(tick) for tick in within]}


def worth_figure(table: pd.DataFrame, here: float, title: str) -> go.Figure:
    """Loss over tokens seen, fresh against repeated (columns seen, loss, fresh_loss, epochs); `here` is a line."""
    figure = go.Figure()
    names = {"loss": "the unique tokens, again and again", "fresh_loss": "fresh tokens"}
    for number, (column, name) in enumerate(names.items()):
        figure.add_scatter(
            x=table["seen"],
            y=table[column],
            mode="lines",
            name=name,
            line={"color": COLORS[number], "width": 3, "dash": ("solid", "dash")[number]},
            customdata=table["epochs"],
            hovertemplate="%{x:.3~s} tokens, %{customdata:.3g} epochs: %{y:.3f}<extra>" + name + "</extra>",
        )
    marked(figure, here, "yours")
    figure.update_layout(
        slender(title, HEIGHT),
        xaxis={"title": "tokens seen", "type": "log"} | log_ticks(table["seen"].min(), table["seen"].max()),
        yaxis={"title": "loss [nats/token]"},
    )
    return figure


def mixture_figure(domains: Sequence[str], best: np.ndarray, usual: np.ndarray, title: str) -> go.Figure:
    """Bars of the best share by domain beside the mean share of the runs, the largest on top."""
    order = np.argsort(np.maximum(best, usual))
    names = [domains[i] for i in order]
    figure = go.Figure()
    for number, (name, shares) in enumerate((("best mixture", best), ("mean of the runs", usual))):
        figure.add_bar(
            x=shares[order],
            y=names,
            orientation="h",
            name=name,
            marker={"color": COLORS[number], "pattern": {"shape": ("", "/")[number]}},
            hovertemplate="%{y}: %{x:.1%}<extra>" + name + "</extra>",
        )
    height = max(HEIGHT, 110 + 26 * len(names))
    figure.update_layout(
        slender(title, height), xaxis={"title": "share of the training tokens", "tickformat": ".0%"}, barmode="group"
    )
    return figure


def crossing_figure(
    parts: Sequence[tuple[str, pd.DataFrame, pd.DataFrame]], at: float, interval: tuple[float, float], title: str
) -> go.Figure:
    """Two curves with their runs over compute: (name, runs with flops and loss, line with flops, predicted, low, high).

    The crossing is a line and its interval a band, where there are any.
    """
    figure = go.Figure()
    for number, (name, runs, line) in enumerate(parts):
        color = COLORS[number]
        figure.add_scatter(
            x=[*line["flops"], *line["flops"][::-1]], y=[*line["high"], *line["low"][::-1]], fill="toself",
            fillcolor=color, opacity=0.15, line={"width": 0}, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        for beyond in (False, True):
            part = line[line["flops"] > runs["flops"].max()] if beyond else line[line["flops"] <= runs["flops"].max()]
            figure.add_scatter(
                x=part["flops"], y=part["predicted"], mode="lines", name=name, legendgroup=name, showlegend=False,
                line={"color": color, "width": 2.5, "dash": "dot" if beyond else "solid"}, hoverinfo="skip",
            )  # fmt: skip
        figure.add_scatter(
            x=runs["flops"], y=runs["loss"], mode="markers", name=name, legendgroup=name,
            marker={"color": color, "symbol": ("circle", "diamond")[number], "size": 9},
            hovertemplate="%{x:.2e} FLOPs: %{y:.3f}<extra>" + name + "</extra>",
        )  # fmt: skip
    if np.isfinite(at):
        marked(figure, at, f"{words(at)} FLOPs")
    if np.isfinite(interval).all():
        figure.add_vrect(*interval, fillcolor=MUTED, opacity=0.15, line_width=0)
    figure.update_layout(
        slender(title, HEIGHT),
        xaxis={"title": "training compute [FLOPs]", "type": "log", "dtick": 1, "exponentformat": "power"},
        yaxis={"title": "loss [nats/token]"},
    )
    return figure
