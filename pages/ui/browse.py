"""Runs as the results page shows them: what there is to pick, the points of the figure, a page of the table."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit import column_config

from pages.ui.groups import RunGroup, coverage_groups, curve_groups, fit_groups
from results_db import Picks, Store
from results_db.browsing import Counts, Facets, Sample

NOT_STATED, OTHERS = "not stated", "others"
PAGE_ROWS = 1000
AXES = {
    "flops": "training compute C [FLOPs]",
    "n_params": "parameters N",
    "n_tokens": "training tokens D",
}
COLORS = {
    "forward": "forward format",
    "backward": "backward format",
    "source": "source",
    "loss_label": "loss",
    "family": "family",
}
# The columns of the table and how they read, in order.
TABLE = {
    "run_id": column_config.TextColumn("run"),
    "n_params": column_config.NumberColumn("N [parameters]", format="compact"),
    "n_tokens": column_config.NumberColumn("D [tokens]", format="compact"),
    "exaflops": column_config.NumberColumn("C [1e18 FLOPs]", format="%.4g", help="As recorded, else 6 N D"),
    "loss": column_config.NumberColumn("loss [nats/token]", format="%.4f"),
    "loss_label": column_config.TextColumn("of", help="Data set and split of the loss"),
    "forward_label": column_config.TextColumn("forward"),
    "backward_label": column_config.TextColumn("backward"),
    "origin": column_config.TextColumn("origin", help="Published by a source, or uploaded by you"),
    "source": column_config.TextColumn("source"),
    "link": column_config.LinkColumn("link", display_text="open", help="The paper, its code or its data"),
    "locator": column_config.TextColumn("where", help="File, table or cell of the source; row of an upload"),
    "outlier": column_config.CheckboxColumn("left out", help="Its source left this run out of its own fit"),
    "caution": column_config.TextColumn("caution", help="What the codes mean: Data dictionary, table runs"),
    "note": column_config.TextColumn("note"),
}


@dataclass(frozen=True)
class Shown:
    """The picked runs: how many, how many of those have the axis, and the points that are drawn of them."""

    counts: Counts
    drawn: Counts
    points: pd.DataFrame


def facets(store: Store) -> Facets:
    """What there is to pick, asked again only when the store has changed."""
    return _facets(store, str(store.path), store.state)


def shown(store: Store, picks: Picks, x: str, color: str, most_colors: int) -> Shown:
    """The picked runs, asked again only when the choice or the store has changed."""
    return _shown(store, str(store.path), store.state, picks, x, color, most_colors)


@st.cache_data(max_entries=4, show_spinner=False)
def _facets(_store: Store, place: str, state: tuple[int, int]) -> Facets:
    return _store.runs.facets()


@st.cache_data(max_entries=32, show_spinner="Counting the runs")
def _shown(
    _store: Store, place: str, state: tuple[int, int], picks: Picks, x: str, color: str, most_colors: int
) -> Shown:
    runs = _store.runs
    return Shown(runs.counts(picks), runs.counts(picks, x), runs.points(picks, x, color, most_colors))


def runs_to_fit(store: Store) -> Sample:
    """The runs that a fit is offered, asked again only when the store has changed."""
    return _sample(store, str(store.path), store.state)


@st.cache_data(max_entries=2, show_spinner="Looking through the runs")
def _sample(_store: Store, place: str, state: tuple[int, int]) -> Sample:
    return _store.runs.sample()


def groups_to_fit(store: Store, unfit: bool) -> list[RunGroup]:
    """The groups of rows that a fit is offered, those that no fit should use if `unfit`; found again only when the
    store has changed. They are shared by all sessions: nobody changes their rows."""
    return _groups(store, str(store.path), store.state, unfit)


@st.cache_resource(max_entries=4, show_spinner=False)
def _groups(_store: Store, place: str, state: tuple[int, int], unfit: bool) -> list[RunGroup]:
    uploads = _store.datasets()
    names = dict(zip(uploads["dataset_id"], uploads["name"], strict=True))
    usable = runs_to_fit(_store).runs.dropna(subset=["n_params", "loss"])
    return [
        *fit_groups(usable, names, unfit),
        *curve_groups(_store.table("loss_curves"), names),
        *coverage_groups(_store.table("coverage")),
    ]


def sample_words(sample: Sample, runs: pd.DataFrame) -> str:
    """What to say when these runs are a sample of an upload, "" when they are all."""
    keys = runs["source_id"].unique() if "source_id" in runs else []
    total = sum(sample.totals.get(str(key), 0) for key in keys)
    if not total:
        return ""
    return (
        f"This upload has {total:,} runs. A fit takes minutes for so many and gains little: it is made to "
        f"{len(runs):,} of them, drawn evenly by their names; the results page shows all."
    )


def finding(points: pd.DataFrame, x: str) -> str:
    """The figure's title: what the loss does along the axis, where the ranks agree on it within each source."""
    several = [group for _, group in points.groupby(["source_id", "loss_label"]) if group[x].nunique() > 2]
    ranks = [group[x].rank().corr(group["loss"].rank()) for group in several]
    axis = {"flops": "compute", "n_params": "model size", "n_tokens": "tokens"}[x]
    if ranks and max(ranks) < -0.5:
        return f"Loss falls with {axis} in every source"
    return f"Loss against {axis}"


def caption(found: Shown, x: str) -> str:
    """How many runs are drawn and from where, and whether some share a dot."""
    origins = ", ".join(f"{count:,} {origin}" for origin, count in found.drawn.by_origin.items())
    losses = found.drawn.n_losses
    share = len(found.points) < found.drawn.n_runs
    few = f" as {len(found.points):,} dots, one for runs that lie close" if share else ""
    return (
        f"{found.drawn.n_runs:,} runs ({origins}){few}, {losses} different {'loss' if losses == 1 else 'losses'}. "
        "Losses of different sources differ in data and tokenizer: compare within one. C is as recorded, else 6ND. No "
        "source prints an interval per run."
    )
