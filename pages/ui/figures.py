"""Figures shared by the pages: data in, plotly Figure out; nothing of streamlit here."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

import plotly.graph_objects as go

# One colour per format on every page (Okabe-Ito based); a colour is never the only carrier of meaning.
FORMAT_COLORS = {
    "fp32": "#4D4D4D",
    "tf32": "#6E6E6E",
    "bf16": "#8C8C8C",
    "fp16": "#A6A6A6",
    "fp8": "#0072B2",
    "e4m3": "#0072B2",
    "e5m2": "#56B4E9",
    "mxfp8": "#3D8FC6",
    "mxfp6": "#8A7FC7",
    "e2m3": "#7A6FBF",
    "e3m2": "#9C92D6",
    "mxfp4": "#E69F00",
    "fp4": "#B8860B",
    "e2m1": "#B8860B",
    "nvfp4": "#D55E00",
    "int8": "#009E73",
    "int7": "#1FA56A",
    "int6": "#34AE60",
    "int5": "#4AB755",
    "int4": "#5FBF4A",
    "int3": "#86C34A",
    "int2": "#A9CF6B",
    "int1": "#C9DC8F",
    "binary": "#B08D57",
    "ternary": "#8A6238",
    "nf4": "#CC79A7",
}
# The training schemes (forward:backward) of the planner; order is that of the legend.
SCHEME_COLORS = {
    "bf16:bf16": "#8C8C8C",
    "fp8:fp8": "#0072B2",
    "fp4:fp8": "#009E73",
    "fp8:fp4": "#E69F00",
    "fp4:fp4": "#D55E00",
}
QUALITATIVE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#8A7FC7", "#8C8C8C")
MUTED = "#8A8F98"
NOT_STATED_COLOR = "#C3C7CE"  # lighter than the grey of bf16, in both themes
TITLE_CHARACTERS = 46  # of one line of a title on a telephone
QUIET = {"colorbar": {"outlinewidth": 0}}
TEMPLATE = go.layout.Template(data={"heatmap": [QUIET], "contour": [QUIET]})
AXIS = {"zeroline": False, "automargin": True, "title": {"standoff": 8}}
ORIGIN_SYMBOLS = {"published": "circle", "uploaded": "diamond", "measured": "square"}


def format_color(name: str) -> str:
    """The colour of a format or of the longest known prefix of its name; grey when unknown."""
    matches = [known for known in FORMAT_COLORS if re.match(rf"{known}(?!\d)", name.lower())]
    return FORMAT_COLORS[max(matches, key=len)] if matches else MUTED


def styled(figure: go.Figure) -> go.Figure:
    """The figure with what the house adds to the dashboard's own theme of figures.

    Texts, grid and hover cards get their colours in the browser, which knows its theme at every moment; so a figure
    has black, white and paper of its own only on top of other colours.
    """
    figure.update_layout(
        template=TEMPLATE,
        colorway=QUALITATIVE,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 13},
        title={"font": {"size": 16}, "x": 0, "xanchor": "left", "xref": "container"},
        margin={"pad": 0},
    )
    for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
        axis.update(AXIS, showgrid=axis.showgrid is not False)
    return figure


def legend_below(title: str) -> dict:
    """A legend under the plot, which keeps its whole width on a telephone, however long the names are."""
    place = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "xanchor": "left"}
    return place | {"title": {"text": title, "side": "top"}}


def slender(title: str, height: int) -> dict:
    """Layout of a figure that a telephone can show: its title in short lines, its legend under the plot."""
    lines = textwrap.wrap(title, TITLE_CHARACTERS)
    return {
        # Plotly hangs the first line above the place of the others.
        "title": {"text": "<br>".join(lines), "y": 1 - (8 + 20 * (len(lines) - 1)) / height, "yanchor": "top"},
        "height": height,
        "margin": {"l": 10, "r": 10, "t": 36 + 24 * len(lines), "b": 10},
        "legend": legend_below(""),
    }


def decade_ticks(low: float, high: float) -> dict[str, Sequence]:
    """Tick positions and words for an axis that holds log10 values, from `low` to `high` (log10)."""
    first, last = int(low // 1), int(-(-high // 1))
    step = max(1, (last - first) // 6)
    decades = [d for d in range(first, last + 1, step) if low - 1e-9 <= d <= high + 1e-9]
    return {"tickvals": decades, "ticktext": [words(10.0**d) for d in decades]}


def words(count: float, digits: int = 3) -> str:
    """A count as people say it: 7e7 -> '70M', 1.5e13 -> '15T', 20 -> '20'."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(count) >= size * (1 - 0.5 * 10.0**-digits) and count < 1e16:
            return f"{count / size:.{digits}g}{letter}"
    return f"{count:,.0f}" if abs(count) >= 10**digits else f"{count:.{digits}g}"
