"""A long computation in a real browser: it shows its progress, ends when cancelled, and blocks nobody else."""

from __future__ import annotations

import re

SLOW = "scaling_laws?scaling_laws.source=quest_2025%3A%20C4"  # a factor for each of twenty formats, fitted jointly


def test_a_fit_can_be_cancelled_and_blocks_nobody_elses_page(visit):
    first, second = visit(), visit()
    second.open("results")  # the store is open, and the page has been drawn once
    first.page.goto(f"{first.address}/{SLOW}")
    cancel = first.page.get_by_role("button", name="Cancel")
    cancel.wait_for(timeout=60_000)
    first.page.get_by_text(re.compile("Fitting|Examining")).first.wait_for()
    second.open("results")  # drawn while the fit still runs
    assert cancel.is_visible() or first.page.get_by_text("fits these").count()
    cancel.click()
    first.page.get_by_text(re.compile("(Fitting|Examining the fit): cancelled")).wait_for(timeout=60_000)
    first.settle()
    first.picture("cancelled")
    first.page.get_by_role("button", name="Compute again").first.click()
    first.page.get_by_role("button", name="Cancel").first.wait_for(timeout=30_000)
    assert first.complaints == []


def test_a_law_is_compared_and_its_tab_is_in_the_address(visit):
    visitor = visit()
    visitor.open("scaling_laws?scaling_laws.source=parscale_2025%3A%20Pile")
    visitor.page.get_by_role("tab", name="Compare laws").click()
    visitor.settle()
    visitor.page.get_by_text(re.compile("^Take ")).first.wait_for(timeout=90_000)
    assert "scaling_laws.tab=Compare" in visitor.page.url
    visitor.picture("compared")
    assert visitor.complaints == []
