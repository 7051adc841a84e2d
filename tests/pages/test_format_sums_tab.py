"""The tab of sums and products as its user meets it."""

import pytest
from streamlit.testing.v1 import AppTest

from analysis.formats.reductions import products, sums


def show() -> None:
    from pages.ui.format_sums import sums_and_products

    sums_and_products()


@pytest.fixture
def tab(tmp_path, monkeypatch):
    """The tab alone, its computations done in this process."""
    monkeypatch.setenv("PRECISION_ATLAS_DB", str(tmp_path / "store.duckdb"))
    monkeypatch.setattr("pages.ui.format_sums.computed", lambda name, title, function, *args: function(*args))
    monkeypatch.setattr("pages.ui.format_sums.LENGTHS", (64, 1024))
    at = AppTest.from_function(show, default_timeout=120).run()
    assert not at.exception
    return at


def test_sums_products_and_what_was_published_are_listed(tab):
    added, multiplied, claims = (table.value for table in tab.dataframe)
    assert added["error"].tolist() == pytest.approx(sums(1024)["error"].tolist())
    assert multiplied["rms_error"].tolist() == pytest.approx((100 * products()["rms_error"]).tolist())
    energy = claims[(claims["source_id"] == "lmul_2024") & (claims["metric"] == "energy reduction")]
    assert sorted(energy["value"]) == [80, 95]
    swings = claims[claims["source_id"] == "fp32_reproducibility_2025"].set_index("metric")["value"]
    assert (swings["accuracy variation"], swings["length variation"]) == (9, 9000)


def test_a_shorter_sum_of_other_operands_changes_the_table(tab):
    before = tab.dataframe[0].value["error"].tolist()
    tab.button_group(key="formats.sum_length").set_value(64).run()
    tab.selectbox(key="formats.sum_operand").set_value("bf16").run()
    assert not tab.exception
    assert tab.dataframe[0].value["error"].tolist() == pytest.approx(sums(64, "bf16")["error"].tolist())
    assert tab.dataframe[0].value["error"].tolist() != before
