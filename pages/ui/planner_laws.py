"""The planner's second tab: the same question asked of the other laws."""

from __future__ import annotations

from pages.ui import panels


def other_laws() -> None:
    """Draws the tab."""
    panels.empty_state("This tab is being built.")
