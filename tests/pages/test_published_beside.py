"""Published coefficients beside a fit: drawn in its figure, and predicting the run that a user asks for."""

from __future__ import annotations

import pytest
from laws_page import figure, opened, table

from analysis.laws import LAWS
from results_db import Store

SET = "chinchilla_replication_2024, refit_240pts"


@pytest.fixture(autouse=True)
def _shipped(shipped_store: Store) -> None:
    shipped_store.close()


def values(store_path) -> dict[str, float]:
    with Store.open(store_path) as store:
        sets = store.coefficient_sets("chinchilla")
    own = sets[(sets["source_id"] + ", " + sets["variant"]) == SET]
    return dict(zip(own["symbol"], own["value"].astype(float), strict=True))


def test_a_published_set_is_drawn_beside_the_fit_from_the_address(own_store_path):
    published = values(own_store_path)
    at = opened("Symbols", **{"beside.chinchilla": SET})
    lines = [trace for trace in figure(at)["data"] if trace.get("name") == SET]
    assert len(lines) == 6  # the sizes of the fit's own curves
    assert [line["showlegend"] for line in lines] == [True] + 5 * [False]
    assert lines[0]["line"]["dash"] != "solid"
    assert published.keys() == {"E", "A", "B", "alpha", "beta"}


def test_what_each_published_set_predicts_is_beside_the_prediction_of_the_fit(own_store_path):
    published = values(own_store_path)
    at = opened("What to run next", at_n="70", at_d="1400")
    shown = table(at, "within the law's published range").set_index("set")
    expected = LAWS["chinchilla"].evaluate(published, {"n_params": 70e9, "n_tokens": 1.4e12})
    assert shown.loc[SET, "loss"] == pytest.approx(float(expected))
    assert set(shown["within the law's published range"]) == {"no"}
