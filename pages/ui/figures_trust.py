"""Figures that say how far a fit can be trusted: profiles, hold-outs, laws side by side, single runs, next runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.trust.profile import Profile
from pages.ui.figures import MUTED, slender, words
from pages.ui.figures_laws import QUALITATIVE

FITTED, OTHER, WRONG = "#0072B2", "#E69F00", "#D55E00"
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "star", "hexagon")
TOP = 4.0  # rises are drawn up to this many times the end of the interval


def profile_figure(
    profiles: Mapping[str, Profile],
    bootstrap: Mapping[str, tuple[float, float]],
    published: Mapping[str, Sequence[float]],
    title: str,
) -> go.Figure:
    """One panel per parameter: the rise of the objective with it held, 1 where the 95% interval ends.

    `bootstrap` intervals are drawn as a bar at the foot, `published` values as triangles.
    """
    columns = min(3, len(profiles))
    rows = -(-len(profiles) // columns)
    figure = make_subplots(rows, columns, subplot_titles=list(profiles), vertical_spacing=0.32 / rows,
                           horizontal_spacing=0.07)  # fmt: skip
    for i, (symbol, profile) in enumerate(profiles.items()):
        row, column = i // columns + 1, i % columns + 1
        near = profile.rise <= TOP
        ends = _reach(profile)
        at = {"row": row, "col": column}
        figure.add_scatter(
            x=profile.grid[near], y=profile.rise[near], mode="lines+markers", line_color=FITTED, marker_size=4,
            name="profile", legendgroup="profile", showlegend=i == 0,
            hovertemplate=f"{symbol} %{{x:.5g}}<br>rise %{{y:.2f}}<extra></extra>", **at,
        )  # fmt: skip
        figure.add_scatter(
            x=list(profile.interval), y=[1, 1], mode="lines", line={"color": FITTED, "width": 5}, opacity=0.45,
            name="95% interval", legendgroup="interval", showlegend=i == 0,
            hovertemplate=f"{symbol} 95%% %{{x:.5g}}<extra></extra>", **at,
        )  # fmt: skip
        if symbol in bootstrap:
            figure.add_scatter(
                x=list(bootstrap[symbol]), y=[0.06 * TOP] * 2, mode="lines", line={"color": OTHER, "width": 5},
                name="95% bootstrap", legendgroup="bootstrap", showlegend=i == 0,
                hovertemplate=f"{symbol} bootstrap %{{x:.5g}}<extra></extra>", **at,
            )  # fmt: skip
        known = [value for value in published.get(symbol, ()) if ends[0] < value < ends[1]]
        if known:
            figure.add_scatter(
                x=known, y=[0.16 * TOP] * len(known), mode="markers", name="published", legendgroup="published",
                marker={"symbol": "triangle-down", "size": 10, "color": WRONG, "line": {"color": "white", "width": 1}},
                showlegend=not any(trace.name == "published" for trace in figure.data),
                hovertemplate=f"{symbol} published %{{x:.5g}}<extra></extra>", **at,
            )  # fmt: skip
        kind = "log" if profile.grid.min() > 0 and ends[1] > 3 * ends[0] else "linear"
        span = np.log10(ends).tolist() if kind == "log" else list(ends)
        figure.update_xaxes(type=kind, range=span, nticks=5, **at)
        figure.update_yaxes(range=[0, TOP], nticks=5, title="rise" if column == 1 else None, **at)
    figure.add_hline(y=1, line={"color": MUTED, "width": 1, "dash": "dot"})
    figure.update_layout(slender(title, 150 + 240 * rows))
    return figure.update_layout(margin_t=figure.layout.margin.t + 24)  # the panels have titles of their own


def _reach(profile: Profile) -> tuple[float, float]:
    near = profile.grid[profile.rise <= TOP]
    return float(near.min()), float(near.max())


def holdout_figure(rolled: pd.DataFrame, unit: str, title: str) -> go.Figure:
    """Error above a moving cut against how far the largest run lies beyond it; one point per cut."""
    figure = go.Figure()
    reach = rolled["reach"]
    for column, name, color, symbol in (
        ("rms_relative_error", "all held-out runs (rms)", FITTED, "circle"),
        ("far_relative_error", "the largest runs (rms)", WRONG, "diamond"),
    ):
        figure.add_scatter(
            x=reach,
            y=100 * rolled[column],
            mode="lines+markers",
            name=name,
            line={"color": color, "dash": "solid" if symbol == "circle" else "dash"},
            marker={"symbol": symbol, "size": 9},
            customdata=np.c_[rolled["n_below"], rolled["n_runs"], rolled["cut"].map("{:.2e}".format)],
            hovertemplate="cut %{customdata[2]} " + unit + ": fitted on %{customdata[0]} runs, tested on "
            "%{customdata[1]}<br>%{y:.2f}% at %{x:.3g} times<extra>" + name + "</extra>",
        )
    figure.add_vline(x=10, line={"color": MUTED, "width": 1, "dash": "dot"})
    figure.add_annotation(text="10x", x=1, y=1, yref="paper", xanchor="left", showarrow=False, font_color=MUTED)
    return _plain(figure, title, f"largest over the cut [times, {unit}]", "error beyond the cut [%]")


def rivals_figure(rivals: Mapping[str, pd.DataFrame], order: Sequence[str], title: str) -> go.Figure:
    """Held-out error against how far it reaches beyond the cut, one line per law, in the `order` of their table."""
    figure = go.Figure()
    for i, name in enumerate(order):
        rolled = rivals[name]
        figure.add_scatter(
            x=rolled["reach"],
            y=100 * rolled["rms_relative_error"],
            mode="lines+markers",
            name=name,
            line={"color": QUALITATIVE[i % len(QUALITATIVE)], "dash": DASHES[i // len(QUALITATIVE) % len(DASHES)]},
            marker={"symbol": SYMBOLS[i % len(SYMBOLS)], "size": 9},
            hovertemplate="%{y:.2f}% at %{x:.3g} times<extra>" + name + "</extra>",
        )
    _plain(figure, title, "largest run over the cut [times]", "error beyond the cut, rms [%]", 380 + 20 * len(order))
    return figure.update_yaxes(type="log", nticks=6)


def influence_figure(influence: pd.DataFrame, prediction: float, sizes: pd.Series, unit: str, title: str) -> go.Figure:
    """How the prediction at the largest run moves when one run is left out, against the size of that run."""
    singles = influence[influence["left_out"].isin(sizes.index)]
    figure = go.Figure()
    figure.add_scatter(
        x=sizes.loc[singles["left_out"]],
        y=100 * (singles["prediction"] / prediction - 1),
        mode="markers",
        name="one run left out",
        marker={"color": FITTED, "size": 7, "line": {"color": MUTED, "width": 0.5}},
        customdata=singles["left_out"].astype(str),
        hovertemplate="without run %{customdata}<br>%{y:.3f}%<extra></extra>",
    )
    figure.add_hline(y=0, line_color=MUTED, line_width=1)
    return _plain(figure, title, f"the run left out [{unit}]", "change of the prediction [%]", 340)


def design_figure(runs: pd.DataFrame, proposed: pd.DataFrame, target: Mapping[str, float], title: str) -> go.Figure:
    """Sizes and tokens of the runs at hand, of the proposed ones and of the prediction, on log axes."""
    figure = go.Figure()
    figure.add_scatter(
        x=runs["n_params"], y=runs["n_tokens"], mode="markers", name=f"runs at hand ({len(runs)})",
        marker={"color": MUTED, "size": 6}, hoverinfo="skip",
    )  # fmt: skip
    total = int(proposed["repeats"].sum())
    figure.add_scatter(
        x=proposed["n_params"], y=proposed["n_tokens"], mode="markers+text", name=f"proposed ({total})",
        text=[f"x{count}" if count > 1 else "" for count in proposed["repeats"]], textposition="top center",
        marker={"color": WRONG, "size": 13, "symbol": "diamond", "line": {"color": "white", "width": 1}},
        customdata=np.c_[proposed["n_params"].map(words), proposed["n_tokens"].map(words), proposed["flops"]],
        hovertemplate="N %{customdata[0]}, D %{customdata[1]}<br>%{customdata[2]:.2e} FLOPs<extra>proposed</extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[target["n_params"]], y=[target["n_tokens"]], mode="markers", name="the prediction",
        marker={"color": FITTED, "size": 16, "symbol": "star"},
    )  # fmt: skip
    _plain(figure, title, "parameters N", "tokens D")
    return figure.update_yaxes(type="log", exponentformat="power", dtick=1).update_xaxes(dtick=1)


def _plain(figure: go.Figure, title: str, x: str, y: str, height: int = 420) -> go.Figure:
    return figure.update_layout(
        slender(title, height),
        xaxis={"title": x, "type": "log", "exponentformat": "power"},
        yaxis={"title": y},
    )
