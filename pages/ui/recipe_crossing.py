"""The recipe's last part: does what wins at small compute still win at large? Two fitted curves and their crossing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.fits.fitting import Fit
from analysis.laws import get_law
from analysis.trust.crossing import Crossing, crossing
from analysis.trust.holdout import flops_of
from pages.ui import figures_recipe, fits, panels
from pages.ui.figures import words
from pages.ui.recipe_inputs import KEY, Model
from pages.ui.session import store
from pages.ui.tasks import Settings

LAW = "power_law:flops"
LEAST_RUNS = 5  # a power law plus constant has three parameters
FARTHEST = 100.0  # times the largest run: nobody should believe a crossing beyond
DEFAULT_LOSS = "overtraining_scaling_2024: RefinedWeb (Paloma) loss"
ALIKE = 0.05  # tokens per parameter within this of one another are one recipe


def crossings(model: Model) -> None:
    """Draws the choice of two series of runs, their curves and where they cross."""
    known = series_of(store().table("runs"))
    counts = known.groupby("measured")["series"].nunique()
    comparable = sorted(str(loss) for loss, count in counts.items() if count > 1)
    if not comparable:
        panels.empty_state(
            "No two series of runs have the same loss and five sizes each: upload runs of two methods.",
            "pages/results.py",
            "Upload runs",
        )
        return
    comparable.sort(key=lambda loss: loss != DEFAULT_LOSS)
    measured = st.selectbox("Loss", comparable, key=f"{KEY}.measured", bind="query-params")
    names = sorted(known[known["measured"] == measured]["series"].unique())
    left, right = st.columns(2)
    first = left.selectbox("This series", names, key=f"{KEY}.first.{measured}", bind="query-params")
    others = [name for name in names if name != first]
    second = right.selectbox("against", others, key=f"{KEY}.second.{measured}", bind="query-params")
    runs = [known[(known["measured"] == measured) & (known["series"] == name)] for name in (first, second)]
    _drawn(model, [str(first), str(second)], runs, [fits.fitted(LAW, own, None, Settings()).full for own in runs])


def series_of(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that make curves over compute: each with `flops`, the loss it `measured`, and its `series`.

    A series has one family, method, formats and tokens per parameter, and at least LEAST_RUNS sizes.
    """
    own = runs[~runs["outlier"].astype(bool)].dropna(subset=["n_params", "n_tokens", "loss"])
    own = own.assign(flops=flops_of(own), ratio=_rounded(own["n_tokens"] / own["n_params"]))
    parts = [own[name].fillna("").astype(str) for name in ("family", "forward_format", "backward_format")]
    ratio = own["ratio"].map(lambda ratio: f"{ratio:.3g} tokens per parameter")
    named = [", ".join(dict.fromkeys(filter(None, row))) for row in zip(*parts, ratio, strict=True)]
    loss = own["source_id"] + ": " + own["loss_name"].fillna("loss")
    own = own.assign(series=named, measured=loss)
    sizes = own.groupby(["measured", "series"])["flops"].transform("nunique")
    return own[sizes >= LEAST_RUNS]


def _rounded(ratio: pd.Series) -> pd.Series:
    """Ratios that differ by rounding are one: the median of their neighbours in steps of 2 ALIKE."""
    step = (np.log(ratio) / (2 * ALIKE)).round()
    return ratio.groupby(step).transform("median")


def _drawn(model: Model, names: list[str], runs: list[pd.DataFrame], curves: list[Fit]) -> None:
    low = max(float(own["flops"].min()) for own in runs)
    high = FARTHEST * max(float(own["flops"].max()) for own in runs)
    found = crossing(*curves, low, high)
    measured = min(float(own["flops"].max()) for own in runs)
    title = _said(model, names, curves, found, measured)
    along = np.geomspace(low, high, 160)
    parts = [(name, own, _line(fit, along)) for name, own, fit in zip(names, runs, curves, strict=True)]
    panels.show_figure(
        figures_recipe.crossing_figure(parts, found.at, (found.low, found.high), title),
        "Loss over compute of two series of runs with fitted curves",
        pd.concat([line.assign(series=name) for name, _, line in parts]),
        f"{KEY}.crossing",
        f"{get_law(LAW).title} for each, {len(runs[0])} and {len(runs[1])} runs; shaded: 95% of "
        f"{len(curves[0].draws or [])} resamples; dotted: beyond the largest run; grey: 95% of the crossings. "
        "That curves of methods cross as they grow is Xiao 2024, scaling law crossover.",
    )


def _line(fit: Fit, along: np.ndarray) -> pd.DataFrame:
    x = pd.DataFrame({"flops": along})
    low, high = fit.draws.band(x) if fit.draws else (np.nan, np.nan)
    return x.assign(predicted=fit.predict(x), low=low, high=high)


def _said(model: Model, names: list[str], curves: list[Fit], found: Crossing, measured: float) -> str:
    """Says the crossing and who is lower at the model's compute; gives the title of the figure."""
    x = pd.DataFrame({"flops": [model.flops]})
    apart = float(curves[0].predict(x)[0] - curves[1].predict(x)[0])
    here = (
        f"At your {model.flops:.2g} FLOPs **{panels.plain(names[int(apart > 0)])}** is lower by {abs(apart):.2g} nats."
    )
    chance = f" {found.chance:.0%} of the resamples cross there." if np.isfinite(found.chance) else ""
    if not np.isfinite(found.at):
        st.info(
            f"The curves do not cross up to {found.span[1]:.2g} FLOPs: **{panels.plain(names[found.after])}** stays "
            f"lower.{chance} {here}",
            icon=":material/show_chart:",
        )
        return "The curves do not cross"
    interval = f" [{found.low:.2g}, {found.high:.2g}]" if np.isfinite(found.low) else ""
    beyond = "" if found.at <= measured else " It lies beyond the runs: an extrapolation."
    st.info(
        f"They cross at **{found.at:.3g} FLOPs**{interval}: below it **{panels.plain(names[found.before])}** is lower, "
        f"above it **{panels.plain(names[found.after])}**.{beyond}{chance} {here}",
        icon=":material/close:",
    )
    return f"The curves cross at {words(found.at) if found.at < 1e15 else format(found.at, '.2g')} FLOPs"
