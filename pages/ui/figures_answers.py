"""Figures of the planner's serving tab on quality and length: the k-bit frontier, and what an answer costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED, format_color, words
from pages.ui.figures_memory import DASHES, laid_out

HEIGHT = 460
FEW_BITS = 3  # below it representations change (ParetoQ 2025, abstract: between 2 and 3 bits)
TICKS_GB = [step * 10.0**decade for decade in range(-3, 5) for step in (1, 2, 5)]


def frontier_figure(lines: pd.DataFrame, best: pd.DataFrame, unit: str, title: str) -> go.Figure:
    """Quality against the bits of all weights, one line a width (columns weight_bits, gigabytes, value), and the best
    width at each size of memory as a thick line; memory on a log axis. Widths below FEW_BITS have points of their
    own."""
    figure = go.Figure()
    figure.add_scatter(
        x=best["gigabytes"],
        y=best["value"],
        mode="lines",
        name="best at this memory",
        line={"color": MUTED, "width": 10},
        opacity=0.35,
        hoverinfo="skip",
    )
    for index, bits in enumerate(sorted(set(lines["weight_bits"]))):
        own = lines[lines["weight_bits"] == bits]
        figure.add_scatter(
            x=own["gigabytes"],
            y=own["value"],
            mode="lines+markers",
            name=f"{bits:g} bits" + (", below the boundary" if bits < FEW_BITS else ""),
            marker_symbol="x" if bits < FEW_BITS else "circle",
            line={"color": format_color(f"int{bits:g}" if bits < 16 else "fp16"), "dash": DASHES[index % 6]},
            customdata=[words(n) for n in own["n_params"]],
            hovertemplate=f"%{{customdata}} at {bits:g} bits: %{{y:.4g}}<extra>%{{x:.3g}} GB</extra>",
        )
    low, high = np.log10([lines["gigabytes"].min(), lines["gigabytes"].max()])
    axis = {"title": "weights [GB]", "type": "log", "range": [low - 0.1, high + 0.1], "tickvals": TICKS_GB}
    figure.update_layout(xaxis=axis, yaxis={"title": unit})
    return laid_out(figure, title, HEIGHT)


def answer_cost_figure(table: pd.DataFrame, title: str) -> go.Figure:
    """Equivalent FLOPs of an answer against its length, log axes: parameters, attention, traffic of the cache in each
    format (columns tokens, part, eflops)."""
    figure = go.Figure()
    for index, (part, own) in enumerate(table.groupby("part", sort=False)):
        name = str(part)
        color = {"parameters": "#0072B2", "attention": "#009E73"}.get(name) or format_color(name.split()[-1])
        figure.add_scatter(
            x=own["tokens"],
            y=own["eflops"],
            mode="lines",
            name=name,
            line={"color": color, "width": 2.5, "dash": DASHES[index % len(DASHES)]},
            hovertemplate="%{x:,.3~s} tokens: %{y:.3~s} eFLOPs<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(
        xaxis={"title": "tokens of the answer", "type": "log", "dtick": 1},
        yaxis={"title": "equivalent FLOPs", "type": "log", "dtick": 2, "exponentformat": "power"},
    )
    return laid_out(figure, title, HEIGHT)
