"""The planner's third tab: does a model fit, how fast it answers and what that costs."""

from __future__ import annotations

from pages.ui import panels


def serving() -> None:
    """Draws the tab."""
    panels.empty_state("This tab is being built.")
