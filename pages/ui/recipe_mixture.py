"""The recipe's mixture of data: the mixing law fitted to small proxies, the best shares, and how far they carry."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.plans.data_value import proxy_share
from analysis.plans.mixtures import Chosen, carried, chosen
from pages.ui import figures_recipe, panels
from pages.ui.figures import words
from pages.ui.mixture_file import Series, of_file
from pages.ui.recipe_inputs import KEY, Model
from pages.ui.session import facts, in_worker, store

MEAN = "mean over the domains"
FORMULA = r"L_i(r) = c_i + k_i \exp\Big(\sum_j t_{ij}\, r_j\Big), \quad \sum_j r_j = 1"


def mixture(model: Model) -> None:
    """Draws the choice of runs and of the loss, the best mixture, and what other runs of the source say of the law."""
    known = published(facts(store(), "mixture_runs"))
    series = _series(known)
    if series is None:
        panels.empty_state("The store holds no runs over mixtures: drop a table of your own proxies above.")
        return
    targets = list(series.losses)
    left, right = st.columns([2, 1])
    wish = left.selectbox("Loss to lower", [MEAN, *targets], key=f"{KEY}.target", bind="query-params")
    most = right.number_input(
        "Largest share of one domain", 0.01, 1.0, 1.0, format="%.3g", key=f"{KEY}.most", bind="query-params",
        help="No domain gets more than the largest share that a run had, either: beyond it, nobody measured.",
    )  # fmt: skip
    own = targets if wish == MEAN else [str(wish)]
    try:
        found = _chosen_by(series.shares, series.losses[own], float(most))
    except ValueError as problem:
        st.warning(f"{str(problem)[0].upper()}{str(problem)[1:]}.", icon=":material/error:")
        return
    _said(series, model, str(wish), found)
    _shown(series, found)
    _carried(series, known, found)


def published(rows: pd.DataFrame) -> dict[str, Series]:
    """The published series by their label."""
    found = {}
    for _, own in rows.groupby(["source_id", "series"], sort=False):
        source, name = str(own["source_id"].iloc[0]), str(own["series"].iloc[0])
        wide = {column: own.pivot(index="run_id", columns="domain", values=column) for column in ("share", "loss")}
        n, d = float(own["n_params"].iloc[0]), float(own["n_tokens"].iloc[0])
        found[f"{source}: {len(wide['share'])} runs, {name}"] = Series(
            source, name, wide["share"], wide["loss"].dropna(axis=1), n, d
        )
    return found


def _series(known: dict[str, Series]) -> Series | None:
    upload = st.file_uploader(
        "Your own proxies (CSV)",
        type="csv",
        key=f"{KEY}.mixture_file",
        help="A run a row. Columns 'share NAME' with the share of each domain, 'loss NAME' with its losses.",
    )
    if upload is not None:
        try:
            return of_file(upload.name, upload.getvalue())
        except ValueError as problem:
            st.error(panels.plain(str(problem)), icon=":material/error:")
            st.stop()
    if not known:
        return None
    return known[str(st.selectbox("Runs", list(known), key=f"{KEY}.series", bind="query-params"))]


@st.cache_data(show_spinner="Fitting the mixing law", max_entries=16)
def _chosen_by(shares: pd.DataFrame, losses: pd.DataFrame, most: float) -> Chosen:
    return in_worker(chosen, shares, losses, most)


def _said(series: Series, model: Model, wish: str, found: Chosen) -> None:
    first = found.shares[found.shares["best"] > 0.005].sort_values("best", ascending=False).head(3)
    said = ", ".join(f"**{row['best']:.0%} {panels.plain(row['domain'])}**" for row in first.to_dict("records"))
    st.success(
        f"For the least loss ({panels.plain(wish)}): {said}; predicted {found.predicted:.3f} at the size of these "
        f"runs, where the best of them has {found.lowest:.3f}. On fifths of the runs held out, the law errs by "
        f"{found.rms_error:.2g} nats (rms) and orders them with a rank correlation of {found.rank:.3f}.",
        icon=":material/pie_chart:",
    )
    if np.isfinite(series.n_tokens):
        count = len(series.shares)
        spent, share = proxy_share(count, series.n_params, series.n_tokens, model.n_params, model.n_tokens)
        st.caption(
            f"{count} runs of {words(series.n_params)} parameters on {words(series.n_tokens)} tokens cost "
            f"{spent:.2g} FLOPs, {100 * share:.3g}% of your {model.flops:.2g}."
        )


def _shown(series: Series, found: Chosen) -> None:
    left, right = st.columns([3, 2], gap="large")
    gain = found.lowest - found.predicted
    title = (
        f"The best mixture is predicted {gain:.2g} nats below the best run"
        if gain > 0
        else f"No mixture is predicted below the best of the {len(series.shares)} runs"
    )
    table = found.shares
    with left:
        panels.show_figure(
            figures_recipe.mixture_figure(
                table["domain"].tolist(), table["best"].to_numpy(), table["mean"].to_numpy(), title
            ),
            "Best share of each domain beside the mean of the runs",
            table,
            f"{KEY}.mixture",
            f"Mixing law of Ye et al. 2024 fitted here to {len(series.shares)} runs of {panels.plain(series.source)}; "
            "Huber of losses, δ = 0.01. No coefficients of it are published in text.",
        )
    with right:
        st.latex(FORMULA)
        law = found.law
        rows = ["c", "k", *(f"t of {name}" for name in law.domains)]
        coefficients = pd.DataFrame(np.column_stack([law.c, law.k, law.t]).T.round(4), columns=list(law.targets))
        coefficients.insert(0, "coefficient", rows)
        panels.show_table(
            coefficients,
            f"{KEY}.mixing",
            "A column a loss. Below 0, a domain lowers it; the t of a loss add up to 0, since shares add up to 1.",
        )


def _carried(series: Series, known: dict[str, Series], found: Chosen) -> None:
    """How the law of small runs orders the other ones of the same source, where there are any."""
    for other in known.values():
        if other.source == series.source and other.name != series.name and set(series.shares) == set(other.shares):
            rank, place = carried(found.law, other.shares, other.losses)
            st.info(
                f"On the {len(other.shares)} runs of {other.name}, which the law has not seen, it orders the losses "
                f"with a rank correlation of **{rank:.3f}**, and the run it calls best is **number {place}** by "
                "measurement. Only the order carries over to other sizes, not the loss.",
                icon=":material/open_in_full:",
            )
