"""The tab of sums and products as its user meets it."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from analysis.formats.reductions import products, sums

ENERGY_OF_LMUL = ("lmul_2024-01", "lmul_2024-02")


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


@pytest.mark.row("R19", "R20")
def test_sums_products_and_what_was_published_are_listed(tab):
    added, multiplied, claims = (table.value for table in tab.dataframe)
    assert added["error"].tolist() == pytest.approx(sums(1024)["error"].tolist())
    assert multiplied["rms_error"].tolist() == pytest.approx((100 * products()["rms_error"]).tolist())
    printed = claims.set_index("claim_id")["printed"]
    assert sorted(text.split("%")[0] for key, text in printed.items() if key in ENERGY_OF_LMUL) == ["80", "95"]
    assert [printed[f"approx_norm_fma_2024-0{n}"].split("%")[0] for n in (1, 2, 3)] == ["16", "13", "-1"]
    bars = json.loads(tab.get("plotly_chart")[1].proto.spec)["data"]
    assert [sorted(bar["text"]) for bar in bars] == [["20% left", "5% left"], ["80% saved", "95% saved"]]
    swings = [printed[f"fp32_reproducibility_2025-0{n}"] for n in (1, 2)]
    assert swings == ["9%", "9000 tokens"]


def test_a_shorter_sum_of_other_operands_changes_the_table(tab):
    before = tab.dataframe[0].value["error"].tolist()
    tab.button_group(key="formats.sum_length").set_value(64).run()
    tab.selectbox(key="formats.sum_operand").set_value("bf16").run()
    assert not tab.exception
    assert tab.dataframe[0].value["error"].tolist() == pytest.approx(sums(64, "bf16")["error"].tolist())
    assert tab.dataframe[0].value["error"].tolist() != before
