"""The planner's fourth tab: bytes of training by part and format."""

from __future__ import annotations

from pages.ui import panels


def footprint() -> None:
    """Draws the tab."""
    panels.empty_state("This tab is being built.")
