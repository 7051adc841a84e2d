"""The claims of the papers: found by their facts, drawn in one unit, each with its baseline and its status."""

from __future__ import annotations

from pages.ui import panels
from pages.ui.session import facts, store


def claims() -> None:
    """Draws the claims of the store as a table."""
    found = facts(store(), "claims")
    if found.empty:
        panels.empty_state("The store holds no claims of papers.")
        return
    panels.show_table(found, "literature.claims", f"{len(found):,} claims.")
