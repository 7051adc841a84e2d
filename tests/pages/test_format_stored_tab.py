"""The tab of storage as its user meets it."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from analysis.formats import stored


def show() -> None:
    import numpy as np

    from pages.ui.format_stored import stored
    from pages.ui.format_tensors import Study

    x = np.random.default_rng(0).standard_normal((64, 256)).astype(np.float32)
    stored(Study(x, "16,384 normal values"), "e2m1", 0.3)


@pytest.mark.row("R15", "R16", "R17", "R18", "R22")
def test_planes_widths_storage_products_and_what_papers_claim_are_listed(shipped_store, monkeypatch):
    shipped_store.close()
    monkeypatch.setattr("pages.ui.format_stored.computed", lambda name, title, function, *args: function(*args))
    monkeypatch.setattr(stored.rounded_at_random, "__defaults__", (0, 1000))
    at = AppTest.from_function(show, default_timeout=120).run()
    assert not at.exception
    nested, planes, narrow, work, detours, claims = (table.value for table in at.dataframe)
    title = json.loads(at.get("plotly_chart")[0].proto.spec)["layout"]["title"]["text"].replace("<br>", " ")
    assert "serves 6 widths, 33 bits apart" in title
    assert (len(nested), len(planes), len(narrow), len(work), len(detours)) == (6, 64, 6, 6, 5)
    assert any("64 of 64 codes come back" in box.label for box in at.expander)
    assert narrow.set_index("format").loc["fp16", "of_1e38"] == "inf"
    printed = claims.set_index("claim_id")["printed"]
    assert printed["matmul_free_2024-01"].startswith("61%")
    assert printed["squares_rng_2020-01"] == "4 to 5 rounds"
    assert printed["openrand_2023-01"] == "1.8x"
    assert printed["matquant_2025-01"].startswith("10%")
    assert any("copies of 0.3 in e2m1 average 0." in text.value for text in at.markdown)
