"""Numbers of JSON documents that a program wrote for itself, not for us."""

from __future__ import annotations

import math
from typing import Any


def number(value: Any) -> float | None:
    """A number of a JSON document as a float, an integer beyond them as inf; None for anything else."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
