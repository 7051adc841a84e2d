"""What exact attention moves between a device's memory and the small one beside its arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.serving.architecture import Architecture
from analysis.serving.ceilings import WIDE_RATES, Ceilings

ELEMENT_BYTES = 2  # attention is computed in 16 bits
COLUMNS = ["cache_kib", "gigabytes", "flops_per_byte", "bound"]


def traffic(tokens: float, head_dim: float, cache_elements: float) -> float:
    """Elements that one head of FlashAttention moves for `tokens` tokens: N^2 d^2 / M, or N d four times where that is
    more (queries, keys, values and outputs move at least once).

    `cache_elements` is M; no exact algorithm moves less, up to a constant, where M is at least d^2. Raises ValueError
    below that. Source: arXiv 2402.07443 (claim attention_io_2024-01).
    """
    if cache_elements < head_dim**2:
        raise ValueError(
            f"{cache_elements:,.0f} elements are fewer than the head size squared, {head_dim**2:,.0f}; the traffic of "
            "FlashAttention is known from there on: give a larger on-chip memory"
        )
    return max(tokens**2 * head_dim**2 / cache_elements, 4 * tokens * head_dim)


def by_cache(model: Architecture, tokens: float, sizes_kib: Sequence[float], ceilings: Ceilings) -> pd.DataFrame:
    """One row per on-chip memory [KiB] (COLUMNS): what attention over a prompt moves in all heads and layers [GB], its
    FLOPs per byte, 4 N^2 d without masking, and whether compute or memory bounds it."""
    head = model.query_width / model.n_heads
    rows = []
    for size in sizes_kib:
        moved = traffic(tokens, head, size * 1024 / ELEMENT_BYTES) * ELEMENT_BYTES
        intensity = 4 * tokens**2 * head / moved
        bound = "compute" if intensity >= ceilings.ridge(WIDE_RATES) else "memory"
        rows.append((size, model.layers * model.n_heads * moved / 1e9, intensity, bound))
    return pd.DataFrame(rows, columns=COLUMNS)
