"""Where a sum of two powers is least: the split of a budget between size and data, in closed form."""

from __future__ import annotations

from typing import Any


def best_split(p: Any, product: Any) -> tuple[Any, Any]:
    """The N and D of least A/N^alpha + B/D^beta for N D = `product`; `p` has A, B, alpha and beta.

    Source: Hoffmann et al. 2022, Eq. 4.
    """
    total = p.alpha + p.beta
    balance = (p.alpha * p.A / (p.beta * p.B)) ** (1 / total)
    return balance * product ** (p.beta / total), product ** (p.alpha / total) / balance
