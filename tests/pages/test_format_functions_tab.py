"""The tab of functions as its user meets it."""

import pytest
from streamlit.testing.v1 import AppTest


def show() -> None:
    from pages.ui.format_functions import functions

    functions()


@pytest.fixture
def tab(shipped_store, monkeypatch):
    """The tab alone, its computations done in this process and at fewer points."""
    shipped_store.close()
    monkeypatch.setattr("pages.ui.format_functions.computed", lambda name, title, function, *args: function(*args))
    monkeypatch.setattr("analysis.formats.functions.trials.POINTS", 2**10)
    at = AppTest.from_function(show, default_timeout=120).run()
    assert not at.exception
    return at


@pytest.mark.row("R21")
def test_approximations_softmaxes_and_what_papers_claim_are_listed_and_the_published_floors_drawn(tab):
    functions, softmaxes, claims = (table.value for table in tab.dataframe)
    degree = functions[(functions["function"] == "exp") & (functions["title"] == "polynomial of degree 7")]
    assert degree["max_ulp"].iloc[0] < 1
    passes = softmaxes.set_index("title")["reads"]
    assert passes["three passes"] - passes["two passes, mantissa and exponent"] == 1
    printed = claims.set_index("claim_id")["printed"]
    assert [printed[f"two_pass_softmax_2020-0{n}"].split("%")[0].strip() for n in (1, 2)] == ["28", "18"]
    lines = [shape["y0"] for shape in figure(tab)["layout"]["shapes"]]
    assert lines == pytest.approx([1, 1e-5 * 2**23, 1e-16 * 2**23])
    tab.button_group(key="formats.function_loss").set_value("max_relative").run()
    tab.button_group(key="formats.function_cost").set_value("time_ns").run()
    assert not tab.exception
    assert [shape["y0"] for shape in figure(tab)["layout"]["shapes"]] == [1e-5, 1e-16]


def figure(tab):
    import json

    return json.loads(tab.get("plotly_chart")[0].proto.spec)
