"""Figures of kernels of few bits: gain by batch, published factors, time by the bits of a weight."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED, format_color, slender

WAYS = {"lookup": ("tables of sums", "#0072B2", "circle"), "widened": ("widened and multiplied", "#D55E00", "square")}
ROW_PX, FRAME_PX = 30, 110


def batch_figure(
    modelled: pd.DataFrame, device: str, published: pd.DataFrame, measured: pd.DataFrame, ceiling: float, title: str
) -> go.Figure:
    """Speed over 16 bits against tokens (both log2): a roofline as a line, what was published and measured as points.

    `modelled` has m and speedup, `published` batch and value, `measured` kernel, m, speedup and its low and high.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=modelled["m"], y=modelled["speedup"], mode="lines", name=f"roofline of {html.escape(device)}",
        line={"color": MUTED, "dash": "dash"}, hovertemplate="%{x:.0f} tokens: %{y:.2f}x<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=published["batch"], y=published["value"], mode="markers", name="MARLIN, published",
        marker={"symbol": "circle-open", "size": 11, "color": MUTED, "line": {"width": 2}},
    )  # fmt: skip
    for index, (kernel, rows) in enumerate(measured.groupby("kernel", sort=False)):
        color = format_color(str(rows["format"].iloc[0]))
        figure.add_scatter(
            x=rows["m"], y=rows["speedup"], mode="lines+markers", name=f"measured: {html.escape(str(kernel))}",
            line={"color": color, "dash": ("solid", "dot", "dashdot", "longdash")[index % 4]},
            marker={"symbol": ("square", "diamond", "triangle-up", "cross")[index % 4], "size": 8},
            error_y={
                "array": rows["speedup_high"] - rows["speedup"], "arrayminus": rows["speedup"] - rows["speedup_low"],
                "color": MUTED, "thickness": 1,
            },
        )  # fmt: skip
    for value, name, dash in ((ceiling, f"all that bytes allow: {ceiling:.3g}x", "dot"), (1.0, "", "solid")):
        figure.add_scatter(
            x=modelled["m"].iloc[[0, -1]], y=[value, value], mode="lines", name=name, showlegend=bool(name),
            line={"color": MUTED, "width": 1, "dash": dash}, hoverinfo="skip",
        )  # fmt: skip
    least = min([0.5, *measured["speedup"], *modelled["speedup"]])
    tokens = [1, 4, 16, 64, 256]
    figure.update_xaxes(type="log", title="tokens at a time", tickvals=tokens, ticktext=[str(one) for one in tokens])
    ticks = [0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8]
    top = max([5.0, *(measured["speedup"] * 1.3)])
    figure.update_yaxes(
        type="log", title="speed over 16 bits", tickvals=ticks, ticktext=[f"{one:g}x" for one in ticks],
        range=[np.log10(least / 1.5), np.log10(top)],
    )  # fmt: skip
    return figure.update_layout(slender(html.escape(title, quote=False), 480))


def factor_figure(bars: pd.DataFrame) -> go.Figure:
    """Factors as bars from 1x on a log2 axis, the published hollow, those measured here filled."""
    top = max(2.0, float(bars["value"].max()))
    figure = go.Figure()
    for origin, rows in bars.groupby("origin", sort=False):
        filled = origin == "measured"
        color = "#0072B2" if filled else MUTED
        figure.add_bar(
            x=np.log2(rows["value"]), y=[html.escape(text, quote=False) for text in rows["words"]], orientation="h",
            name=str(origin), text=[f" {value:.3g}x " for value in rows["value"]], textposition="outside",
            cliponaxis=False, hovertemplate="%{y}: %{text}<extra></extra>",
            marker={"color": color if filled else "rgba(0,0,0,0)", "line": {"color": color, "width": 1.5}},
        )  # fmt: skip
    powers = range(int(np.ceil(np.log2(top))) + 1)
    figure.update_xaxes(
        title="times the baseline", tickvals=list(powers), ticktext=[f"{2**power}x" for power in powers],
        range=[0, np.log2(top) * 1.25],
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    return figure.update_layout(
        height=FRAME_PX + ROW_PX * max(2, len(bars)), margin={"t": 40, "b": 40, "l": 10, "r": 10}, bargap=0.35,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )  # fmt: skip


def lookup_figure(times: pd.DataFrame, modelled: pd.DataFrame, title: str) -> go.Figure:
    """Time [µs] of one token over the bits of a weight: measured points by way, and the model of the lookups as a line.

    `times` has way, bits, p20_us, p50_us, p80_us; `modelled` bits and time_us.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=modelled["bits"], y=modelled["time_us"], mode="lines", name="model: time by bits",
        line={"color": WAYS["lookup"][1], "dash": "dot", "width": 1}, hoverinfo="skip",
    )  # fmt: skip
    for way, rows in times.groupby("way", sort=False):
        words, color, symbol = WAYS[str(way)]
        figure.add_scatter(
            x=rows["bits"], y=rows["p50_us"], mode="markers", name=words,
            marker={"color": color, "symbol": symbol, "size": 10},
            error_y={"array": rows["p80_us"] - rows["p50_us"], "arrayminus": rows["p50_us"] - rows["p20_us"],
                     "color": MUTED},
            hovertemplate="%{x} bits: %{y:.4g} µs<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="bits of a weight", tickvals=[1, 2, 3, 4])
    figure.update_yaxes(title="time of one token [µs]", rangemode="tozero")
    return figure.update_layout(slender(html.escape(title, quote=False), 440))
