"""What the results page shows of the store's runs: one loss scale unless asked, every run with its source."""

from __future__ import annotations

import pandas as pd
import pytest

from pages.ui import browse, figures_results
from pages.ui.browse import Shown
from pages.ui.figures import FORMAT_COLORS, MUTED, format_color
from results_db import Picks, Store
from results_db.readable import AXES, ELEMENTS, FACETS


def shown(store: Store, picks: Picks, color: str = "forward") -> Shown:
    runs, most = store.runs, figures_results.most_colors(color)
    return Shown(runs.counts(picks), runs.counts(picks, "flops"), runs.points(picks, "flops", color, most))


def test_logarithms_of_perplexities_are_shown_only_when_asked_for(shipped_store: Store) -> None:
    usual, everything = shown(shipped_store, Picks()), shown(shipped_store, Picks(perplexities=True))
    assert not usual.points["loss_label"].str.contains("perplexity").any()
    assert everything.counts.n_runs == shipped_store.status()["rows"]["runs"]
    n_perplexities = shipped_store.table("runs")["loss_name"].str.contains("natural log").sum()
    assert everything.counts.n_runs - usual.counts.n_runs == n_perplexities


def test_the_page_offers_what_the_store_can_filter_and_draw() -> None:
    assert tuple(browse.AXES) == AXES
    assert set(browse.COLORS) == set(FACETS)
    assert set(FORMAT_COLORS) <= set(ELEMENTS)


def test_every_format_shown_has_its_own_colour(shipped_store: Store) -> None:
    named = [name for name in shipped_store.runs.facets().values["forward"] if name != browse.NOT_STATED]
    grey = [name for name in named if format_color(name) == MUTED]
    assert not grey
    colors = figures_results._colors(named)
    assert len(set(colors.values())) == len(set(named))


@pytest.mark.parametrize(
    ("name", "known"), [("int16", None), ("int4_g128", "int4"), ("e4m3fn", "e4m3"), ("fp16", "fp16")]
)
def test_a_longer_number_is_another_format(name: str, known: str | None) -> None:
    assert format_color(name) == (FORMAT_COLORS[known] if known else MUTED)


@pytest.mark.parametrize("color_by", browse.COLORS)
def test_every_run_is_drawn_once_with_few_colours(color_by: str, shipped_store: Store) -> None:
    found = shown(shipped_store, Picks(), color_by)
    figure = figures_results.runs_figure(found.points, "flops", color_by, browse.finding(found.points, "flops"))
    assert sum(len(trace.x) for trace in figure.data) == found.drawn.n_runs
    assert len(figure.data) <= 16
    assert browse.caption(found, "flops").startswith(
        f"{found.drawn.n_runs:,} runs ({found.drawn.n_runs:,} published), "
    )


def test_a_dot_for_several_runs_is_larger_and_says_for_how_many(shipped_store: Store) -> None:
    found = shown(shipped_store, Picks(source=("quartet_2025",)))
    shared = found.points.head(2).assign(n_runs=[1, 1000], outlier=False, color="bf16", note="<b>")
    (trace,) = figures_results.runs_figure(shared, "flops", "forward", "").data
    assert trace.marker.size[1] > trace.marker.size[0]
    assert trace.name == "bf16, published (1,001)"
    assert trace.customdata[1].startswith("<b>1,000 runs</b>, one of them with <b>loss ")
    assert "dots, one for runs that lie close" in browse.caption(Shown(found.counts, found.drawn, shared), "flops")


def test_nothing_to_draw_is_no_error(empty_store: Store) -> None:
    found = shown(empty_store, Picks())
    assert isinstance(found.points, pd.DataFrame)
    assert not figures_results.runs_figure(found.points, "flops", "forward", browse.finding(found.points, "flops")).data
