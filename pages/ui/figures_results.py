"""Figures of the results page."""

from __future__ import annotations

import html
import itertools
from typing import cast

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.ui.browse import AXES, COLORS, NOT_STATED, OTHERS
from pages.ui.figures import MUTED, NOT_STATED_COLOR, ORIGIN_SYMBOLS, format_color, legend_below, words
from pages.ui.figures_laws import QUALITATIVE

MOST_COLORS = {"forward": 12, "backward": 12}  # formats have colours of their own; other values share a short palette


def most_colors(color_by: str) -> int:
    """How many values get a colour of their own; the rest are others."""
    return MOST_COLORS.get(color_by, len(QUALITATIVE))


def runs_figure(points: pd.DataFrame, x: str, color_by: str, title: str) -> go.Figure:
    """Loss against `x`, one colour per value of the column color, one marker per origin, outliers hollow.

    A point may stand for several runs (n_runs): it is larger then, and its hover says for how many.
    """
    figure = go.Figure()
    frequent = points.groupby("color")["n_runs"].sum().sort_values(ascending=False, kind="stable")
    colors = _colors([str(value) for value in frequent.index])
    for key, group in points.groupby(["color", "origin", "outlier"], sort=False):
        value, origin, outlier = cast(tuple[str, str, bool], key)
        figure.add_scatter(
            x=group[x],
            y=group["loss"],
            mode="markers",
            name=_legend(value, origin, outlier, int(group["n_runs"].sum())),
            marker=_marker(origin, outlier, colors[value], group["n_runs"]),
            customdata=[_hover(row) for row in group.to_dict("records")],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.update_layout(
        title=html.escape(title, quote=False),
        xaxis={"title": AXES[x], "type": "log", "exponentformat": "power", "dtick": "D1" if _narrow(points[x]) else 1},
        yaxis={"title": "loss [nats/token]"},
        legend=legend_below(COLORS[color_by]),
        height=600,
        margin={"t": 50, "b": 40, "l": 10, "r": 10},
    )
    return figure


def _narrow(values: pd.Series) -> bool:
    return bool(values.max() < 10 * values.min())


def _colors(values: list[str]) -> dict[str, str]:
    """The house colour of a format; other values take turns in a palette that is not theirs to keep."""
    free = itertools.cycle(QUALITATIVE)
    own = dict.fromkeys((NOT_STATED, OTHERS), NOT_STATED_COLOR)
    own |= {value: format_color(value) for value in values if _is_format(value)}
    return {value: own.get(value) or next(free) for value in values}


def _is_format(value: str) -> bool:
    return format_color(value) != MUTED


def _legend(value: str, origin: str, outlier: bool, n_runs: int) -> str:
    remarks = [origin, "flagged outliers"] if outlier else [origin]
    return f"{html.escape(value[:40], quote=False)}, {', '.join(remarks)} ({n_runs:,})"


def _marker(origin: str, outlier: bool, color: str, n_runs: pd.Series) -> dict:
    symbol = ORIGIN_SYMBOLS.get(origin, "circle")
    own = origin != "published"
    size = 11 if own else 7
    shared = n_runs.max() > 1
    return {
        "symbol": f"{symbol}-open" if outlier else symbol,
        "size": 3 + 1.5 * np.log10(n_runs) if shared else size,
        "opacity": 0.6 if shared else 1,
        "color": color,
        "line": {"width": 0 if shared else 1.5 if own or outlier else 0.5, "color": color if outlier else MUTED},
    }


def _hover(run: dict) -> str:
    lines = [
        f"<b>loss {run['loss']:.4g}</b>",
        f"N {words(run['n_params'])}, D {words(run['n_tokens'])}"
        if pd.notna(run["n_tokens"])
        else words(run["n_params"]),
        f"forward {run['forward_label']}, backward {run['backward_label']}",
        f"{run['source']}, run {run['run_id']}, {run['origin']}, {run['loss_label']}",
    ]
    if run["n_runs"] > 1:
        lines[0] = f"<b>{run['n_runs']:,} runs</b>, one of them with {lines[0]}"
    return "<br>".join([lines[0], *(html.escape(line, quote=False) for line in lines[1:])])
