"""Figures of the planner's serving tab: tokens per second by batch, and operations on the roofline."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.serving.ceilings import Ceilings
from pages.ui.figures import MUTED, format_color
from pages.ui.figures_memory import DASHES, laid_out

HEIGHT = 460
SWEEP_HEIGHT = 580  # its legend has a line for each choice of formats
SYMBOLS = {"compute": "circle", "memory": "circle-open", "links": "diamond-open", "launches": "x-thin-open"}
LABELLED = 0.15  # share of a step from which an operation is named on the roofline


def sweep_figure(
    sweeps: Mapping[str, pd.DataFrame], chosen: str, band: tuple[np.ndarray, np.ndarray], title: str
) -> go.Figure:
    """Tokens per second against requests at once, a line a choice of formats as far as memory goes; log axes.

    `sweeps` has the columns of analysis.serving.serving.sweep; the symbols of SYMBOLS say what bounds a step.
    `band` holds low and high tokens per second along the line of the chosen one.
    """
    figure = go.Figure()
    for index, (name, table) in enumerate(sweeps.items()):
        color = _color(name)
        bold = name == chosen
        if bold:
            _band(figure, table, band, color)
        figure.add_scatter(
            x=table["sequences"],
            y=table["tokens_per_s"],
            mode="lines+markers",
            name=name,
            line={"color": color, "width": 3.5 if bold else 1.8, "dash": DASHES[index % len(DASHES)]},
            marker={
                "size": 9 if bold else 6,
                "symbol": [SYMBOLS[bound] for bound in table["bound"]],
            },
            customdata=np.stack([1e3 * table["step_s"], table["first_token_s"], table["memory_gb"]], axis=-1),
            hovertemplate="%{x:,} requests: %{y:,.3~s} tokens/s<br>a token every %{customdata[0]:.3~s} ms, the first "
            "after %{customdata[1]:.3~s} s<br>%{customdata[2]:,.0f} GB<extra>%{fullData.name}</extra>",
        )
    bound = sweeps[chosen].query("bound == 'launches'")["sequences"] if chosen in sweeps else []
    if len(bound):
        figure.add_vrect(
            x0=1, x1=max(bound), fillcolor=MUTED, opacity=0.15, line_width=0, annotation_text="CPU-bound",
            annotation_position="bottom left",
        )  # fmt: skip
    figure.update_layout(
        xaxis={"title": "requests at once", "type": "log", "dtick": 1},
        yaxis={"title": "generated tokens per second", "type": "log", "dtick": 1},
    )
    return laid_out(figure, title, SWEEP_HEIGHT)


def _band(figure: go.Figure, table: pd.DataFrame, band: tuple[np.ndarray, np.ndarray], color: str) -> None:
    low, high = band
    figure.add_scatter(
        x=[*table["sequences"], *table["sequences"][::-1]],
        y=[*high, *low[::-1]],
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=_faint(color),
        name="published share of the ceiling",
        hoverinfo="skip",
    )


def _faint(color: str) -> str:
    return f"rgba({', '.join(str(int(color[i : i + 2], 16)) for i in (1, 3, 5))}, 0.18)"


def _color(name: str) -> str:
    """The colour of a choice of formats: that of the format it begins with; W4A8 is int4's."""
    return format_color("int4" if name.startswith("W4") else name)


def roofline_figure(
    points: pd.DataFrame, ceilings: Ceilings, title: str, launches: Mapping[str, float] | None = None
) -> go.Figure:
    """Operations on the roofline of one device, log axes: FLOPs a byte against TFLOP/s; size is their share of time.

    `points` has columns step, operation, intensity, tflops, share, bound, rate. `launches` are the rates [TFLOP/s] by
    step above which the host, which launches the kernels, is too slow: the zone above such a line is its.
    """
    figure = go.Figure()
    low = 10 ** np.floor(np.log10(max(points["intensity"].min(), 0.05)))
    high = 10 ** np.ceil(np.log10(max(points["intensity"].max(), 1e4)))
    reach = np.geomspace(low, high, 200)
    for index, name in enumerate(dict.fromkeys(points["rate"])):
        peak = ceilings.rates[name]
        figure.add_scatter(
            x=reach,
            y=np.minimum(peak, reach * ceilings.bandwidth_gb_s / 1e3),
            mode="lines",
            name=f"{name} {peak:,.0f} TFLOP/s",
            line={"color": format_color(name), "width": 2, "dash": DASHES[index]},
            hoverinfo="skip",
        )
    for step, most in (launches or {}).items():
        figure.add_scatter(
            x=[low, high],
            y=[most, most],
            mode="lines",
            name=f"above: bound by launches, {step}",
            line={"color": MUTED, "width": 2, "dash": "dot"},
            hovertemplate=f"{step}: the host launches no more than %{{y:.3~s}} TFLOP/s<extra></extra>",
        )
    for step, symbol, own in _steps(points):
        figure.add_scatter(
            x=own["intensity"],
            y=own["tflops"],
            mode="markers+text",
            name=step,
            text=[
                name if share >= LABELLED else "" for name, share in zip(own["operation"], own["share"], strict=True)
            ],
            textposition=["bottom right", "top left"][len(figure.data) % 2],
            textfont={"size": 12},
            marker={
                "symbol": symbol,
                "size": 8 + 26 * np.sqrt(own["share"]),
                "color": [format_color(rate) for rate in own["rate"]],
                "opacity": 0.75,
                "line": {"width": 1.2, "color": MUTED},
            },
            customdata=np.stack([own["operation"], own["share"], own["bound"]], axis=-1),
            hovertemplate="%{customdata[0]}: %{x:,.3~s} FLOPs a byte, %{y:,.3~s} TFLOP/s<br>%{customdata[1]:.0%} of "
            "the step, bound by %{customdata[2]}<extra>%{fullData.name}</extra>",
        )
    figure.update_legends(itemsizing="constant")
    figure.update_layout(
        xaxis={"title": "operations per byte moved [FLOP/B]", "type": "log", "dtick": 1},
        yaxis={"title": "rate of one device [TFLOP/s]", "type": "log", "dtick": 1},
    )
    return laid_out(figure, title, HEIGHT)


def _steps(points: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    symbols = ("circle", "diamond", "square")
    names = dict.fromkeys(points["step"])
    return [(name, symbol, points[points["step"] == name]) for name, symbol in zip(names, symbols, strict=False)]


def patterns_figure(table: pd.DataFrame, title: str) -> go.Figure:
    """Bars of tokens per second by scheme on a log axis, one group a pattern (columns pattern, scheme, sequences,
    tokens_per_s, over_base, wins); the best of each pattern has a bold label."""
    figure = go.Figure()
    for pattern, own in table.groupby("pattern", sort=False):
        gains = [f"{gain:.2f}x bf16" if pd.notna(gain) else "bf16 does not fit" for gain in own["over_base"]]
        figure.add_bar(
            x=own["tokens_per_s"],
            y=own["scheme"],
            name=str(pattern),
            orientation="h",
            marker={
                "color": [format_color(_arithmetic_of(name)) for name in own["scheme"]],
                "pattern": {"shape": "" if own["sequences"].max() == 1 else "/", "solidity": 0.3},
            },
            text=[f"<b>{gain}</b>" if wins else gain for gain, wins in zip(gains, own["wins"], strict=True)],
            textposition="outside",
            cliponaxis=False,
            customdata=own["sequences"],
            hovertemplate="%{y}: %{x:,.4~s} tokens/s of %{customdata:,} requests<extra>%{fullData.name}</extra>",
        )
    low, high = np.log10([table["tokens_per_s"].min(), table["tokens_per_s"].max()])
    figure.update_layout(
        barmode="group",
        xaxis={"title": "tokens per second", "type": "log", "range": [low - 0.5, high + 0.7], "dtick": 1},
        yaxis={"autorange": "reversed"},
    )
    return laid_out(figure, title, HEIGHT)


def _arithmetic_of(scheme: str) -> str:
    """The format whose colour a scheme has: that in brackets, else int4 for W4A16."""
    return scheme.partition("(")[2].rstrip(")") or ("int4" if scheme.startswith("W4") else scheme)
