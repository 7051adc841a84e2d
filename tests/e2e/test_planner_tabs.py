"""The planner's serving and footprint tabs on a telephone: drawn without complaint, nothing wider than the screen."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(("tab", "answer"), [("Serving", "per million tokens"), ("Footprint", "of each device")])
def test_a_tab_is_drawn_on_a_telephone(visit, tab, answer):
    visitor = visit("dark", 390)
    visitor.open(f"planner?planner.tab={tab}")
    visitor.page.get_by_text(answer).first.wait_for(timeout=60_000)
    visitor.settle()
    assert visitor.page.locator(".js-plotly-plot").count() >= 2
    wide = visitor.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= 390, wide
    assert not visitor.complaints, visitor.complaints
    assert not visitor.strangers, visitor.strangers
