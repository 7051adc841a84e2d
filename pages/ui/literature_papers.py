"""One paper: what it claims, what the store has of it, what here implements it."""

from __future__ import annotations

from pages.ui import panels
from pages.ui.session import facts, store


def papers() -> None:
    """Draws the sources of the store as a table."""
    found = facts(store(), "sources")
    if found.empty:
        panels.empty_state("The store holds no papers.")
        return
    panels.show_table(found, "literature.papers", f"{len(found):,} sources.")
