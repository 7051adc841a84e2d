"""Figures of the probe page: speed-up over bf16 and share of the datasheet peak, by format."""

from __future__ import annotations

import html
import math
from collections.abc import Callable

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages.ui.figures import MUTED, format_color

ROW_PX, FRAME_PX = 34, 150
MOST_TICKS = 5
PATTERNS = {"native": "", "emulated": "/", "not known": "."}


def speedup_figure(products: pd.DataFrame, shapes: list[str], title: str) -> go.Figure:
    """Speed over bf16 as bars from 1x, right is faster, log2 axis; one panel a shape, intervals from p20 to p80.

    `products` has columns shape, format, kernel, arithmetic, speedup, speedup_low, speedup_high.
    """
    shown = products[products["shape"].isin(shapes)].dropna(subset=["speedup"])
    best = shown.groupby("label")["speedup"].max().sort_values()
    figure = make_subplots(
        cols=max(1, len(shapes)), shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=_titles(shapes)
    )
    low, high = _reach(shown)
    for column, shape in enumerate(shapes, start=1):
        panel = shown[shown["shape"] == shape]
        figure.add_trace(_bars(panel, math.log2, "speedup"), row=1, col=column)
        for faster in (True, False):
            figure.add_trace(_words(panel[(panel["speedup"] >= 1) == faster], faster), row=1, col=column)
        figure.add_vline(x=0, line={"color": MUTED, "width": 1.5}, row=1, col=column)
    step = 1 if high - low < MOST_TICKS else 2
    ticks = [power for power in range(math.floor(low), math.ceil(high) + 1) if power % step == 0]
    figure.update_xaxes(
        range=[low, high],
        tickvals=ticks,
        ticktext=[f"{2**power}x" if power >= 0 else f"1/{2**-power}x" for power in ticks],
    )
    figure.update_yaxes(categoryorder="array", categoryarray=list(best.index))
    figure.update_xaxes(title="speed over bf16 (right: faster)", row=1, col=1)
    return _laid_out(figure, title, len(best))


def peak_figure(products: pd.DataFrame, title: str) -> go.Figure:
    """Share of the dense datasheet peak that each native format reached at its best shape, in percent."""
    best = products.dropna(subset=["peak_share"]).sort_values("peak_share").drop_duplicates("label", keep="last")
    figure = go.Figure(_bars(best, lambda share: 100 * share, "peak_share"))
    figure.update_traces(text=[f" {share:.0%} " for share in best["peak_share"]], textposition="outside")
    figure.update_xaxes(title="share of the dense datasheet peak [%]", range=[0, 118])
    return _laid_out(figure, title, len(best))


def labelled(products: pd.DataFrame) -> pd.DataFrame:
    """The products with the label of their bar: the format, the kernel too where two share a format, emulated said."""
    kernels = products.groupby("format")["kernel"].transform("nunique") if len(products) else []
    names = [_label(row, several > 1) for row, several in zip(products.to_dict("records"), kernels, strict=True)]
    return products.assign(label=names)


def _label(row: dict, several: bool) -> str:
    kernel = f", {row['kernel']}" if several else " weights" if row["kernel"].endswith("_weight") else ""
    kind = "" if row["arithmetic"] == "native" else f"<br>({row['arithmetic']})"
    return html.escape(f"{row['format']}{kernel}"[:60], quote=False) + kind


def _words(panel: pd.DataFrame, faster: bool) -> go.Scatter:
    """The speed-ups in figures, beyond the whiskers' ends."""
    end = "speedup_high" if faster else "speedup_low"
    return go.Scatter(
        x=[math.log2(value) for value in panel[end]],
        y=panel["label"],
        mode="text",
        text=[f" {value:.2f}x " for value in panel["speedup"]],
        textposition="middle right" if faster else "middle left",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _bars(panel: pd.DataFrame, place: Callable[[float], float], column: str) -> go.Bar:
    """Bars of one panel; `place` maps a value to the axis."""
    middle = [place(value) for value in panel[column]]
    error = None
    if column == "speedup":
        spread_up = [place(high) - at for high, at in zip(panel["speedup_high"], middle, strict=True)]
        spread_down = [at - place(low) for low, at in zip(panel["speedup_low"], middle, strict=True)]
        error = {"array": spread_up, "arrayminus": spread_down, "color": MUTED, "thickness": 1.5}
    colors = [format_color(name) for name in panel["format"]]
    native = panel["arithmetic"] == "native"
    return go.Bar(
        x=middle,
        y=panel["label"],
        orientation="h",
        error_x=error,
        cliponaxis=False,
        showlegend=False,
        marker={
            "color": [color if own else "rgba(0,0,0,0)" for color, own in zip(colors, native, strict=True)],
            "line": {"color": colors, "width": 1.5},
            "pattern": {
                "shape": [PATTERNS[kind] for kind in panel["arithmetic"]],
                "fgcolor": colors,
                "fillmode": "overlay",
                "size": 6,
            },
        },
        customdata=[_hover(row) for row in panel.to_dict("records")],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _hover(row: dict) -> str:
    peak = f"<br>{row['peak_share']:.1%} of the dense datasheet peak" if pd.notna(row["peak_share"]) else ""
    ratio = ""
    if pd.notna(row["speedup"]):
        ratio = f"<br>{row['speedup']:.3g}x bf16 [{row['speedup_low']:.3g}, {row['speedup_high']:.3g}]"
    name = html.escape(f"{row['kernel']} ({row['format']}), {row['arithmetic']}", quote=False)
    return f"<b>{name}</b><br>{row['shape']}: {row['p50_us']:.4g} µs, {row['tflops']:.3g} TFLOP/s{ratio}{peak}"


def _reach(shown: pd.DataFrame) -> tuple[float, float]:
    """The log2 axis range: every interval, 1x, and room for the words at the ends."""
    ends = [0.0, *(math.log2(value) for name in ("speedup_low", "speedup_high") for value in shown[name])]
    low, high = min(ends), max(ends)
    room = 0.22 * max(1.0, high - low)
    return (low - room if low < 0 else -0.25), high + room


def _titles(shapes: list[str]) -> list[str]:
    return [f"m x n x k = {shape}" for shape in shapes]


def _laid_out(figure: go.Figure, title: str, rows: int) -> go.Figure:
    figure.update_layout(
        title=html.escape(title, quote=False),
        height=FRAME_PX + ROW_PX * max(2, rows),
        margin={"t": 80, "b": 40, "l": 10, "r": 10},
        bargap=0.3,
    )
    return figure
