"""Starts race for the lowest objective: after a few steps the worse half is let go, again and again."""

from __future__ import annotations

import math

import numpy as np

FIRST_CUT = 2  # iterations before the first cut: one step tells little about where a start leads
BETWEEN_CUTS = 2
FINALISTS = 64  # never fewer are followed to the end


def in_the_lead(objective: np.ndarray, followed: np.ndarray, iteration: int, places: int) -> np.ndarray:
    """Which of the `followed` (S,) starts stay in a race for that many `places`: all between the cuts, the better half
    at a cut.

    Source: successive halving (Jamieson and Talwalkar 2016), with descents in place of learners.
    """
    racing = int(followed.sum())
    if iteration < FIRST_CUT or (iteration - FIRST_CUT) % BETWEEN_CUTS or racing <= places:
        return followed
    kept = max(places, racing // 2)
    last = np.partition(objective[followed], kept - 1)[kept - 1]
    return followed & (objective <= last)


def iterations_to(places: int, starts: int) -> int:
    """Iterations after which a race of that many `starts` has come down to its `places`."""
    cuts = math.floor(math.log2(starts / (places + 1))) + 1
    return FIRST_CUT + BETWEEN_CUTS * (cuts - 1) + 1
