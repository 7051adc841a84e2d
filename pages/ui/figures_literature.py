"""Figures of the literature page: claims of one kind in one unit, told apart by what they are compared with."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import MUTED, slender
from pages.ui.figures_laws import QUALITATIVE
from pages.ui.literature_words import BASELINES, NOT_STATED, OTHER_BASELINE

STATUS_SYMBOLS = {
    "reproduced": "circle",
    "consistent": "diamond",
    "contradicted": "x",
    "not checkable here": "circle-open",
}
BASELINE_COLORS = dict(
    zip((*BASELINES, OTHER_BASELINE, NOT_STATED), (*QUALITATIVE[:4], *QUALITATIVE[4:5], MUTED), strict=True)
)
SPREAD = 0.32  # how far points of one place on the axis move aside, in steps of the axis


@dataclass(frozen=True)
class Measure:
    """Claims that one axis can hold: their metrics, the unit they share, and the axis's title; `none` is no change.

    `note` says in a sentence what to know of the unit.
    """

    metrics: tuple[str, ...]
    unit: str
    title: str
    none: float
    log: bool = False
    note: str = ""


FACTORS = "Printed shares are converted: 64% faster is 1.64x, 42% less is 1.72x less. "
MEASURES: dict[str, Measure] = {
    "Speed-up": Measure(
        ("speedup", "throughput_gain", "latency_reduction"), "x", "speed-up [times the baseline]", 1.0, True, FACTORS
    ),
    "Memory saved": Measure(
        (
            *("memory_reduction", "model_size_reduction", "compression", "kv_cache_reduction"),
            "optimizer_memory_reduction",
        ),
        "x",
        "memory [times less than the baseline]",
        1.0,
        True,
        FACTORS,
    ),
    "Accuracy change, points": Measure(("accuracy_delta",), "points", "accuracy less the baseline's [points]", 0.0),
    "Accuracy change, printed in %": Measure(
        ("accuracy_delta",),
        "%",
        "accuracy less the baseline's [%]",
        0.0,
        note="Abstracts rarely say whether % means points or a share. ",
    ),
    "Perplexity change": Measure(("perplexity_delta",), "ppl", "perplexity less the baseline's", 0.0),
    "Energy saved": Measure(
        ("energy_reduction", "power_reduction", "energy_efficiency_gain"),
        "x",
        "energy [times less]",
        1.0,
        True,
        FACTORS,
    ),
}
# Column of the board -> title of the horizontal axis.
AXES = {
    "bits": "bits, of the weights where named",
    "year": "year",
    "hardware_kind": "kind of device",
}


def of_measure(claims: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """The claims that one axis of this measure can hold."""
    return claims[claims["metric"].isin(measure.metrics) & (claims["normalized_unit"] == measure.unit)]


def claims_figure(claims: pd.DataFrame, measure: Measure, along: str, title: str) -> go.Figure:
    """Claims along bits, years or hardware: a colour per kind of baseline, a symbol per status, ranges as bars.

    Points of one place stand side by side; each carries its claim_id.
    """
    places = _places(claims[along])
    figure = go.Figure()
    beside = _beside(claims, along, places)
    for kind, color in BASELINE_COLORS.items():
        own = claims[claims["baseline_kind"] == kind]
        if len(own):
            figure.add_scatter(**_points(own, beside[own.index], color), legendgroup=kind, showlegend=False)
            figure.add_scatter(**_key("square", color), name=f"{_against(kind)} ({len(own)})", legendgroup=kind)
    for status, symbol in STATUS_SYMBOLS.items():
        if (claims["status"] == status).any():
            figure.add_scatter(**_key(symbol, MUTED), name=status)
    figure.add_hline(y=measure.none, line={"color": MUTED, "dash": "dot", "width": 1})
    ticks = [f"{place:g}" if isinstance(place, (int, float, np.number)) else _broken(place) for place in places]
    figure.update_layout(
        slender(html.escape(title, quote=False), 520),
        xaxis={"title": AXES[along], "tickvals": list(range(len(places))), "ticktext": ticks},
        yaxis={
            "title": measure.title,
            "type": "log" if measure.log else "linear",
            "dtick": "D2" if measure.log else None,
        },
        clickmode="event+select",
    )
    return figure


def _places(values: pd.Series) -> list:
    """The places along the axis in order, years without a gap."""
    found = sorted(values.unique())
    return list(range(int(found[0]), int(found[-1]) + 1)) if values.name == "year" else found


def _beside(claims: pd.DataFrame, along: str, places: list) -> pd.Series:
    """The horizontal position of every claim: its place, moved aside where several stand there."""
    number = {place: i for i, place in enumerate(places)}
    rank = claims.groupby(along).cumcount()
    size = claims.groupby(along)[along].transform("size")
    aside = np.where(size > 1, (rank / (size - 1).clip(lower=1) - 0.5) * 2 * SPREAD, 0.0)
    return claims[along].map(number).astype(float) + aside


def _points(own: pd.DataFrame, x: pd.Series, color: str) -> dict:
    reach = (own["normalized_high"] - own["normalized"]).fillna(0.0)
    return {
        "x": x,
        "y": own["normalized"],
        "error_y": {"array": reach.clip(lower=0), "arrayminus": (-reach).clip(lower=0), "width": 2, "thickness": 1},
        "mode": "markers",
        "marker": {
            "color": color,
            "symbol": own["status"].map(STATUS_SYMBOLS),
            "size": 10,
            "line": {"width": 1, "color": color},
        },
        "customdata": own[["claim_id"]].to_numpy(),
        "text": [_hover(row) for row in own.to_dict("records")],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _against(kind: str) -> str:
    return "baseline not stated" if kind == NOT_STATED else f"against {kind}"


def _key(symbol: str, color: str) -> dict:
    """A trace that is nothing but its line in the legend."""
    return {"x": [None], "y": [None], "mode": "markers", "marker": {"symbol": symbol, "color": color, "size": 10}}


def _hover(claim: Mapping) -> str:
    same = f" = {claim['converted']}" if claim["converted"] else ""
    lines = [
        f"{claim['subject']}: {claim['printed']}{same}",
        f"against {claim['baseline'] if pd.notna(claim['baseline']) else NOT_STATED}",
        *(str(claim[name]) for name in ("format", "model", "hardware", "task") if pd.notna(claim[name])),
        str(claim["condition"]),
        f"{claim['status']}{', ' + claim['found'] + ' here' if claim['found'] else ''}",
    ]
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def _broken(words: str) -> str:
    return html.escape(words, quote=False).replace(", ", ",<br>").replace(" or ", " or<br>")
