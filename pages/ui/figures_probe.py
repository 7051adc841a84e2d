"""Figures of the probe page: speed-up over bf16 and share of the datasheet peak, by format."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages.ui.figures import MUTED, format_color, slender

ROW_PX, FRAME_PX, GAP_PX = 26, 120, 40
MOST_TICKS = 5
PATTERNS = {"native": "", "emulated": "/", "not known": "."}


def speedup_figure(products: pd.DataFrame, shapes: list[str], title: str) -> go.Figure:
    """Speed over bf16 as bars from 1x, right is faster, log2 axis; one panel a shape below the other, fastest on top.

    `products` has columns label, shape, format, kernel, arithmetic, speedup, speedup_low, speedup_high; intervals are
    from p20 to p80.
    """
    compared = products.dropna(subset=["speedup"])
    panels = {shape: compared[compared["shape"] == shape].sort_values("speedup") for shape in shapes}
    panels = {shape: panel for shape, panel in panels.items() if len(panel)}
    bars = [len(panel) for panel in panels.values()]
    figure = make_subplots(
        rows=len(panels),
        shared_xaxes=True,
        row_heights=bars,
        vertical_spacing=_gap(bars),
        subplot_titles=_titles(panels),
    )
    low, high = _reach(pd.concat(panels.values()))
    for row, panel in enumerate(panels.values(), start=1):
        figure.add_trace(_bars(panel, math.log2, "speedup"), row=row, col=1)
        for faster in (True, False):
            figure.add_trace(_words(panel[(panel["speedup"] >= 1) == faster], faster), row=row, col=1)
        figure.add_vline(x=0, line={"color": MUTED, "width": 1.5}, row=row, col=1)
        figure.update_yaxes(categoryorder="array", categoryarray=list(panel["label"]), row=row, col=1)
    step = max(1, math.ceil((high - low) / MOST_TICKS))
    ticks = [power for power in range(math.floor(low), math.ceil(high) + 1) if power % step == 0]
    figure.update_xaxes(
        range=[low, high],
        tickvals=ticks,
        ticktext=[f"{2**power}x" if power >= 0 else f"1/{2**-power}x" for power in ticks],
        tickangle=0,
    )
    figure.update_xaxes(title="speed over bf16 (right: faster)", row=len(panels), col=1)
    figure.update_annotations(font={"size": 13}, x=0, xref="paper", xanchor="left")
    return _laid_out(figure, title, sum(bars), len(panels))


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


def _gap(bars: list[int]) -> float:
    """The share of the figure's height between two panels."""
    return GAP_PX / (ROW_PX * sum(bars) + GAP_PX * len(bars)) if len(bars) > 1 else 0.0


def _titles(shapes: Iterable[str]) -> list[str]:
    return [f"m x n x k = {shape}" for shape in shapes]


def _laid_out(figure: go.Figure, title: str, rows: int, panels: int = 1) -> go.Figure:
    layout = slender(html.escape(title, quote=False), FRAME_PX + ROW_PX * max(2, rows) + GAP_PX * panels)
    return figure.update_layout(layout | {"bargap": 0.3})
