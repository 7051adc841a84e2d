"""The roofline of a probe: every product against the ceilings that the same run measured."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED, format_color, slender

SYMBOLS = {"native": "circle", "emulated": "x-thin-open", "not known": "diamond-open"}


def roofline_figure(products: pd.DataFrame, copied_gb_s: float, title: str) -> go.Figure:
    """Rate [TFLOP/s] over operations per byte, both logarithmic: a point a product, ceilings of the run as lines.

    `products` has columns format, kernel, shape, arithmetic, tflops, intensity. The sloping line is the memory copy's
    rate, a level one each native format's best rate.
    """
    figure = go.Figure()
    reach = np.array([products["intensity"].min() / 1.5, products["intensity"].max() * 1.5])
    best = products[products["arithmetic"] == "native"].groupby("format")["tflops"].max()
    top = float(products["tflops"].max())
    slope = np.geomspace(reach[0], max(reach[0], min(reach[1], 1e3 * top / copied_gb_s)), 50)
    figure.add_trace(
        go.Scatter(
            x=slope, y=slope * copied_gb_s / 1e3, mode="lines", name=f"memory copy: {copied_gb_s:.3g} GB/s",
            line={"color": MUTED, "dash": "dash"},
        )
    )  # fmt: skip
    for name, rate in best.items():
        start = min(max(1e3 * rate / copied_gb_s, reach[0]), reach[1])
        figure.add_trace(
            go.Scatter(
                x=[start, reach[1]], y=[rate, rate], mode="lines", showlegend=False, hoverinfo="skip",
                line={"color": format_color(str(name)), "width": 1},
            )
        )  # fmt: skip
    for name, arithmetic in dict.fromkeys(zip(products["format"], products["arithmetic"], strict=True)):
        rows = products[(products["format"] == name) & (products["arithmetic"] == arithmetic)]
        figure.add_trace(
            go.Scatter(
                x=rows["intensity"],
                y=rows["tflops"],
                mode="markers",
                name=html.escape(f"{name}, {arithmetic}"),
                marker={"color": format_color(str(name)), "symbol": SYMBOLS[str(arithmetic)], "size": 9,
                        "line": {"width": 2, "color": format_color(str(name))}},
                text=[html.escape(f"{row['kernel']}, {row['shape']}") for row in rows.to_dict("records")],
                hovertemplate="%{text}<br>%{x:.3g} FLOP/byte, %{y:.3g} TFLOP/s<extra></extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(type="log", title="operations per byte moved [FLOP/byte]", tickangle=0)
    figure.update_yaxes(type="log", title="rate [TFLOP/s]")
    return figure.update_layout(slender(html.escape(title, quote=False), 520))
