"""Figure of the relation between a quantizer's error and its efficiency, with formats on it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.plans.efficiency import Estimate, Relations
from analysis.plans.relation import Relation
from pages.ui.figures import MUTED, format_color

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")


def efficiency_figure(
    relations: Relations, pairs: Mapping[str, tuple[Estimate, Estimate]], names: Mapping[str, str], title: str
) -> go.Figure:
    """eff_N left and eff_D right over the relative error: published points, the relations, the formats on them.

    names: what each source is called in the legend.
    """
    figure = make_subplots(
        rows=1, cols=2, horizontal_spacing=0.09, subplot_titles=("forward: eff_N", "gradients: eff_D")
    )
    for column, relation in ((1, relations.forward), (2, relations.backward)):
        for place, source in enumerate(np.unique(relation.points.sources)):
            _published(figure, relation, str(source), names, SYMBOLS[place], column)
    _curve(figure, relations.forward, "all widths", "dash", 1)
    _curve(figure, relations.four_bit, "4-bit formats", "solid", 1)
    _curve(figure, relations.backward, "gradients", "solid", 2)
    for place, (name, pair) in enumerate(pairs.items()):
        for column, estimate in enumerate(pair, 1):
            _format(figure, name, estimate, SYMBOLS[place % len(SYMBOLS)], column)
    figure.update_xaxes(title_text="relative error", type="log", dtick=1, exponentformat="power")
    figure.update_yaxes(range=[0, 1.1], col=1)
    lowest = min([0.85, *(backward.low for _, backward in pairs.values())])
    figure.update_yaxes(range=[lowest - 0.02, 1.02], col=2)
    figure.update_annotations(font={"size": 13})
    return figure.update_layout(
        title=title,
        height=440,
        legend={"orientation": "h", "x": 0, "y": -0.25, "yanchor": "top"},
        margin={"l": 10, "r": 10, "t": 74, "b": 10},
    )


def relation_frame(relations: Relations) -> pd.DataFrame:
    """The published points with what the relations predict for them with and without each point."""
    frames = []
    for role, relation in (("forward", relations.forward), ("backward", relations.backward)):
        points = relation.points
        frames.append(
            pd.DataFrame(
                {
                    "role": role,
                    "point": points.names,
                    "source_id": points.sources,
                    "mse_weights": points.mse[:, 0],
                    "mse_activations": points.mse[:, 1],
                    "eff": points.eff,
                    "predicted": relation.form.predict(relation.values, points.mse),
                    "predicted_without_it": points.eff + relation.left_out["point"],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _published(
    figure: go.Figure, relation: Relation, source: str, names: Mapping[str, str], symbol: str, column: int
) -> None:
    points = relation.points.only(relation.points.sources == source)
    single = points.mse[:, 1] == 0
    # A fit with one quantized operand stands where both would be: its efficiency squared.
    eff = np.where(single, points.eff**2, points.eff)
    figure.add_scatter(
        x=np.where(single, points.mse[:, 0], points.mse.mean(axis=1)),
        y=eff,
        mode="markers",
        name=names.get(source, source),
        legendgroup=source,
        showlegend=column == 1,
        marker={
            "color": MUTED,
            "size": 8,
            "symbol": [f"{symbol}-open" if one else symbol for one in single],
            "line": {"width": 1.4, "color": MUTED},
        },
        text=points.names,
        hovertemplate="%{text}<br>error %{x:.3g}, efficiency %{y:.3f}<extra></extra>",
        row=1,
        col=column,
    )


def _curve(figure: go.Figure, relation: Relation, name: str, dash: str, column: int) -> None:
    known = relation.points.mse[relation.points.mse > 0]
    x = np.geomspace(known.min(), known.max(), 80)
    both = np.column_stack([x, x])
    figure.add_scatter(
        x=x,
        y=relation.form.predict(relation.values, both),
        mode="lines",
        name=f"relation, {name}",
        line={"color": MUTED, "width": 1.5, "dash": dash},
        hoverinfo="skip",
        row=1,
        col=column,
    )


def _format(figure: go.Figure, name: str, estimate: Estimate, symbol: str, column: int) -> None:
    color = format_color(name)
    figure.add_scatter(
        x=[estimate.mse],
        y=[estimate.value],
        mode="markers",
        name=name,
        legendgroup=name,
        showlegend=column == 1,
        error_y={
            "type": "data",
            "array": [estimate.high - estimate.value],
            "arrayminus": [estimate.value - estimate.low],
            "color": color,
        },
        marker={"color": color, "size": 13, "symbol": symbol},
        hovertemplate=f"{name}: {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]<br>error "
        "%{x:.3g}<extra></extra>",
        row=1,
        col=column,
    )
