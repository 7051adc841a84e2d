"""Figures of the format lab that compare formats of one width: exponent splits, integers with floats, many tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED, format_color

FLOAT, INTEGER = "#0072B2", "#009E73"
SHADES = ("#A8B7C6", "#8DAECB", "#6FA3CE", "#4F97CC", "#2C88C4", "#0072B2")


def split_figure(frame: pd.DataFrame, title: str) -> go.Figure:
    """SQNR over exponent bits, a line a width, the best split ringed; integers as squares at the left edge."""
    figure = go.Figure()
    for shade, (bits, rows) in zip(SHADES, frame.groupby("bits"), strict=True):
        floats, integer = rows[rows["kind"] == "float"], rows[rows["kind"] == "integer"].iloc[0]
        ring = ["circle-open-dot" if best else "circle" for best in floats["best"]]
        figure.add_scatter(
            x=floats["exponent"],
            y=floats["sqnr_db"],
            mode="lines+markers+text",
            name=f"{bits} bits",
            legendgroup=str(bits),
            text=[
                name.removesuffix("sat") if best else ""
                for name, best in zip(floats["format"], floats["best"], strict=True)
            ],
            textposition="top center",
            marker={"color": shade, "size": [14 if best else 7 for best in floats["best"]], "symbol": ring},
            line={"color": shade, "width": 2},
            customdata=floats["format"],
            hovertemplate="%{customdata}: %{y:.2f} dB<extra></extra>",
        )
        figure.add_scatter(
            x=[0.4],
            y=[integer["sqnr_db"]],
            mode="markers",
            legendgroup=str(bits),
            showlegend=False,
            marker={"color": shade, "size": 10, "symbol": "square"},
            hovertemplate=f"{integer['format']}: %{{y:.2f}} dB<extra></extra>",
        )
    ticks = list(range(1, int(frame["exponent"].max()) + 1))
    figure.update_xaxes(title="exponent bits (squares: the integer of that width)", range=[0.1, ticks[-1] + 0.4])
    figure.update_xaxes(tickvals=[0.4, *ticks], ticktext=["int", *map(str, ticks)])
    figure.update_yaxes(title="SQNR [dB], higher is better")
    return figure.update_layout(
        title=title,
        height=470,
        margin={"l": 10, "r": 10, "t": 50, "b": 10},
        legend={"x": 1.01, "y": 1, "yanchor": "top"},
    )


def cost_figure(table: pd.DataFrame, cost: tuple[float, float] | None, title: str) -> go.Figure:
    """SQNR of integers and best floats over bits, or over the hardware's cost when `cost` (low, high) is given.

    table: bits, float, float_db, integer_db. cost: what a float's arithmetic costs over an integer's of that width.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=table["bits"],
        y=table["integer_db"],
        mode="lines+markers",
        name="integers",
        marker={"color": INTEGER, "size": 10, "symbol": "square"},
        line={"color": INTEGER, "width": 2},
        text=[f"int{bits}" for bits in table["bits"]],
        hovertemplate="%{text}: %{y:.2f} dB at %{x:.3g}<extra></extra>",
    )
    middle = table["bits"] * (np.sqrt(cost[0] * cost[1]) if cost else 1.0)
    figure.add_scatter(
        x=middle,
        y=table["float_db"],
        mode="lines+markers+text",
        name="best floats",
        marker={"color": FLOAT, "size": 10, "symbol": "circle"},
        line={"color": FLOAT, "width": 2, "dash": "dash"},
        text=[name.removesuffix("sat") for name in table["float"]],
        textposition="top center",
        error_x=None
        if cost is None
        else {
            "type": "data",
            "array": cost[1] * table["bits"] - middle,
            "arrayminus": middle - cost[0] * table["bits"],
            "color": FLOAT,
        },
        hovertemplate="%{text}: %{y:.2f} dB at %{x:.3g}<extra></extra>",
    )
    figure.update_xaxes(title="bits" if cost is None else "arithmetic cost, in bits of an integer that costs the same")
    figure.update_yaxes(title="SQNR [dB], higher is better")
    return figure.update_layout(
        title=title,
        height=400,
        margin={"l": 10, "r": 10, "t": 80, "b": 10},
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
    )


def across_figure(frame: pd.DataFrame, best: pd.DataFrame, title: str) -> go.Figure:
    """SQNR of each format on each tensor as dots in a row (columns tensor, format, sqnr_db), `best` rows ringed."""
    figure = go.Figure()
    symbols = ("circle", "square", "diamond", "triangle-up", "cross", "star")
    for place, (name, rows) in enumerate(frame.groupby("format", sort=False)):
        figure.add_scatter(
            x=rows["sqnr_db"],
            y=rows["tensor"],
            mode="markers",
            name=str(name),
            marker={"color": format_color(str(name)), "size": 12, "symbol": symbols[place % len(symbols)]},
            hovertemplate=f"{name} on %{{y}}: %{{x:.2f}} dB<extra></extra>",
        )
    figure.add_scatter(
        x=best["sqnr_db"],
        y=best["tensor"],
        mode="markers",
        name="the best of its width",
        marker={"color": "rgba(0,0,0,0)", "size": 21, "line": {"width": 2, "color": MUTED}},
        hoverinfo="skip",
    )
    figure.update_xaxes(title="SQNR [dB], higher is better")
    figure.update_yaxes(autorange="reversed")
    return figure.update_layout(
        title=title,
        height=140 + 46 * frame["tensor"].nunique(),
        margin={"l": 10, "r": 10, "t": 84, "b": 10},
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
    )


def layers_figure(frame: pd.DataFrame, title: str) -> go.Figure:
    """A heat map of SQNR: tensors down, formats across, the best of each width marked (survey_checkpoint's columns)."""
    wide = frame.pivot(index="tensor", columns="format", values="sqnr_db")
    wide = wide.loc[list(dict.fromkeys(frame["tensor"])), list(dict.fromkeys(frame["format"]))]
    marks = frame.pivot(index="tensor", columns="format", values="wins").reindex_like(wide)
    figure = go.Figure(
        go.Heatmap(
            z=wide.to_numpy(float),
            x=list(wide.columns),
            y=shortened(list(wide.index)),
            customdata=np.tile(np.array(wide.index)[:, None], len(wide.columns)),
            text=np.where(marks.to_numpy(bool), "●", ""),
            texttemplate="%{text}",
            colorscale="Cividis",
            colorbar={"title": "SQNR [dB]", "thickness": 14},
            hovertemplate="%{customdata}<br>%{x}: %{z:.2f} dB<extra></extra>",
            xgap=1,
            ygap=1 if len(wide) < 80 else 0,
        )
    )
    figure.update_yaxes(autorange="reversed", tickfont={"size": 11}, showgrid=False)
    figure.update_xaxes(side="top", showgrid=False)
    return figure.update_layout(
        title=title, height=min(150 + 20 * len(wide), 1400), margin={"l": 10, "r": 10, "t": 96, "b": 10}
    )


def shortened(names: Sequence[str]) -> list[str]:
    """The names without the leading and trailing parts, between dots, that all of them share."""
    parts = [name.split(".") for name in names]
    fewest = min(map(len, parts))
    head = next((i for i in range(fewest) if len({part[i] for part in parts}) > 1), fewest - 1)
    tail = next((i for i in range(fewest - head) if len({part[-1 - i] for part in parts}) > 1), 0)
    return [".".join(part[head : len(part) - tail]) for part in parts]
