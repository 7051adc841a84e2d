"""The tab of transforms as its user meets it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.formats.distributions import DISTRIBUTIONS
from analysis.formats.effects import effects
from analysis.formats.transforms import TRANSFORMS

ROOT = Path(__file__).parents[2]


def show() -> None:
    from pages.ui.format_transforms import transforms

    transforms(["int4_g32", "mxfp4"])


@pytest.fixture
def tab(monkeypatch):
    """The tab alone, its computation done in this process."""
    monkeypatch.setattr("pages.ui.format_transforms.computed", lambda name, title, function, *args: function(*args))
    at = AppTest.from_function(show, default_timeout=120).run()
    assert not at.exception
    return at


def test_every_transform_is_listed_for_every_kind_of_tensor(tab):
    table = tab.dataframe[0].value
    assert len(table) == len(DISTRIBUTIONS) * len(TRANSFORMS)
    expected = effects("mxfp4", ["outliers"], ["hadamard"])["sqnr_db"].item()
    rows = table[(table["kind"] == "Outlier channels") & (table["title"] == TRANSFORMS["hadamard"].title)]
    assert rows["sqnr_db"].item() == pytest.approx(expected)


def test_another_format_and_the_product_change_the_figure(tab):
    before = tab.get("plotly_chart")[0].proto.spec
    tab.button_group(key="formats.effects_of").set_value("int4_g32").run()
    tab.button_group(key="formats.effects_on").set_value("product_gain_db").run()
    assert not tab.exception
    assert tab.get("plotly_chart")[0].proto.spec != before
    assert "int4_g32 gains most" in tab.get("plotly_chart")[0].proto.spec
