"""Pages as AppTest shows them once their long computations have ended."""

from __future__ import annotations

import time

from streamlit.testing.v1 import AppTest

from pages.ui.working import board

LIMIT_S = 180


def settled(at: AppTest) -> AppTest:
    """The page, run again until no computation of it is in progress (its cancel button is gone)."""
    deadline = time.monotonic() + LIMIT_S
    while not at.exception and any(str(b.key).startswith("scaling_laws.") and b.label == "Cancel" for b in at.button):
        assert time.monotonic() < deadline, "the page's computations did not end"
        for job in board().running():
            job.wait(max(0.0, deadline - time.monotonic()))
        at.run()
    return at
