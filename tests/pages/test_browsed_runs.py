"""What the results page shows of the store's runs: one loss scale unless asked, every run with its source."""

from __future__ import annotations

import pandas as pd
import pytest

from pages.ui import browse, figures_results
from pages.ui.figures import FORMAT_COLORS, MUTED, format_color
from results_db import Store

NO_PICK: dict[str, list[str]] = {}


@pytest.fixture
def readable(shipped_store: Store) -> pd.DataFrame:
    tables = [shipped_store.table(name) for name in ("runs", "methods", "sources")]
    return browse.readable_runs(*tables, names={})


def test_logarithms_of_perplexities_are_shown_only_when_asked_for(readable: pd.DataFrame) -> None:
    usual = browse.chosen(readable, NO_PICK, outliers=True)
    assert not usual["loss_name"].str.contains("perplexity").any()
    everything = browse.chosen(readable, NO_PICK, outliers=True, perplexities=True)
    assert len(everything) == len(readable) == 1683
    assert len(everything) - len(usual) == readable["loss_name"].str.contains("natural log").sum()


def test_runs_without_a_caution_column_filled_are_on_the_usual_scale(readable: pd.DataFrame) -> None:
    uploads = readable.head(3).assign(caution=None)
    assert browse.on_loss_scale(uploads).all()


def test_a_users_runs_come_first_and_the_others_keep_their_order(readable: pd.DataFrame) -> None:
    mixed = pd.concat([readable.head(4), readable.iloc[[9, 10]].assign(origin="uploaded")])
    assert list(browse.own_first(mixed).index) == [9, 10, 0, 1, 2, 3]


def test_every_format_shown_has_its_own_colour(readable: pd.DataFrame) -> None:
    named = [name for name in readable["forward"].unique() if name != browse.NOT_STATED]
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
def test_every_run_is_drawn_once_with_few_colours(color_by: str, readable: pd.DataFrame) -> None:
    runs = browse.chosen(readable, NO_PICK, outliers=True)
    figure = figures_results.runs_figure(runs, "flops", color_by, browse.finding(runs, "flops"))
    assert sum(len(trace.x) for trace in figure.data) == len(runs)
    assert len(figure.data) <= 16
