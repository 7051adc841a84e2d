"""Figures of quality under quantization: what is left by bits per weight, and by model size."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.serving.recovery import SIZES
from pages.ui.figures import FORMAT_COLORS, MUTED, ORIGIN_SYMBOLS, format_color, slender

OTHER_FORMATS = "other formats"
SIDE = 0.13  # how far beside its bits a dot stands: weights alone on the left, activations too on the right
WIDE = 8  # bits, beyond which every other width has a tick
LOWEST_SHARE = 0.03  # of the points that may lie below the axis, at whose foot they are drawn
MOST_SCHEMES = 6
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up")
STEP = 0.07  # between schemes of one size


def recovery_figure(points: pd.DataFrame, title: str) -> go.Figure:
    """What is left of the quality [%] against bits per weight, one dot a published or own measurement.

    Colour is the format of the weights. Filled dots left of their bits have quantized weights alone, hollow ones on the
    right quantized activations too; dots below the axis stand at its foot as triangles. Rows without a width are not
    drawn.
    """
    figure = go.Figure()
    points = points.dropna(subset=["weight_bits"])
    widths = points["weight_bits"]
    floor = _floor(points["recovery"])
    named = points.assign(
        group=[_group(name) for name in points["weight_format"]],
        narrow=points["activation_bits"].fillna(16) < 16,
        shown=points["recovery"].clip(lower=floor),
    )
    order = named["group"].value_counts().index
    for group in order:
        for narrow, own in named[named["group"] == group].groupby("narrow"):
            figure.add_scatter(
                x=own["weight_bits"] + (SIDE if narrow else -SIDE),
                y=own["shown"],
                mode="markers",
                name=f"{html.escape(str(group))}{', activations too' if narrow else ''} ({len(own):,})",
                marker=_marker(own, floor, str(group), bool(narrow)),
                customdata=[_hover(row) for row in own.to_dict("records")],
                hovertemplate="%{customdata}<extra></extra>",
            )
    figure.add_hline(y=100, line={"color": MUTED, "width": 1, "dash": "dash"})
    return figure.update_layout(
        **slender(title, 560),
        xaxis={"title": "bits per weight", "dtick": 1 if widths.max() - widths.min() <= WIDE else 2},
        yaxis={"title": "recovery [% of the 16-bit value]"},
    )


def _floor(recovery: pd.Series) -> float:
    """The foot of the axis: a multiple of 5 below which few points lie."""
    return float(max(0.0, 5 * np.floor(recovery.quantile(LOWEST_SHARE) / 5))) if len(recovery) else 0.0


def _group(name: object) -> str:
    """The known format that a name begins with, so that each has one colour in the legend."""
    known = [fmt for fmt in FORMAT_COLORS if str(name).split(" ")[0] == fmt]
    return known[0] if known else OTHER_FORMATS


def _marker(rows: pd.DataFrame, floor: float, group: str, narrow: bool) -> dict:
    suffix = "-open" if narrow else ""
    symbols = [
        ("triangle-down" if value < floor else ORIGIN_SYMBOLS.get(origin, "circle")) + suffix
        for value, origin in zip(rows["recovery"], rows["origin"], strict=True)
    ]
    own = rows["origin"] != "published"
    return {
        "symbol": symbols,
        "size": np.where(own, 12, 8),
        "color": format_color(group),
        "line": {"width": 1.5 if narrow else 0.5, "color": format_color(group) if narrow else MUTED},
    }


def _hover(row: dict) -> str:
    lines = (
        f"{row['model']}: {row['value']:.4g} against {row['baseline']:.4g} in 16 bits",
        f"{row['scheme']}, {row['method']}",
        f"{row['source']}, {row['locator']}",
    )
    return "<br>".join([f"<b>{row['recovery']:.2f}%</b>", *(html.escape(line, quote=False) for line in lines)])


def size_figure(table: pd.DataFrame, title: str) -> go.Figure:
    """What is left by model size, one line a scheme: medians over families of sources, bars from lowest to highest."""
    figure = go.Figure()
    sizes = [words for _, words in SIZES if words in set(table["size"])]
    most = table.groupby("scheme")[["n_families", "n_rows"]].sum().sort_values(["n_families", "n_rows"])
    for number, name in enumerate(most.index[::-1][:MOST_SCHEMES]):
        own = table[(table["scheme"] == name) & table["size"].isin(sizes)].set_index("size")
        own = own.reindex([size for size in sizes if size in own.index])
        several = own["n_families"] > 1
        figure.add_scatter(
            x=[sizes.index(size) + STEP * (number - MOST_SCHEMES / 2) for size in own.index],
            y=own["recovery"],
            mode="lines+markers",
            name=html.escape(str(name)),
            line={"color": format_color(str(name)), "dash": DASHES[number]},
            marker={"symbol": SYMBOLS[number], "size": 9},
            error_y={
                "type": "data",
                "array": (own["high"] - own["recovery"]).where(several, 0.0),
                "arrayminus": (own["recovery"] - own["low"]).where(several, 0.0),
                "thickness": 1,
            },
            customdata=own[["n_families", "n_rows", "n_models"]],
            hovertemplate="<b>%{y:.2f}%</b><br>%{customdata[0]} families of sources, %{customdata[1]} rows,"
            " %{customdata[2]} models<extra>%{fullData.name}</extra>",
        )
    return figure.update_layout(
        **slender(title, 460),
        xaxis={
            "title": "parameters of the model",
            "tickvals": list(range(len(sizes))),
            "ticktext": [html.escape(size) for size in sizes],
            "tickangle": 0,
            "range": [-0.5, len(sizes) - 0.5],
        },
        yaxis={"title": "recovery [% of the 16-bit value]"},
    )
