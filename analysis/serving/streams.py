"""Parallel streams against a larger model: what each adds to memory and to the time of a token, for the same gain."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.serving.architecture import Architecture
from analysis.serving.memory import bytes_per_element, cache_bytes, weight_bytes
from analysis.serving.serving import Load, Server, decode

PREFIXES = 0.002  # share of the parameters that each stream adds for its prefixes: an allowance of ours


@dataclass(frozen=True)
class Growth:
    """What serving takes: bytes of weights and cache, and seconds between two tokens."""

    name: str
    bytes: float
    step_s: float


def grown(model: Architecture, factor: float) -> Architecture:
    """The model with `factor` times its parameters, made wider; its layers and its cache stay as they are."""
    wider = np.sqrt(factor)
    return replace(
        model,
        name=f"{model.name}, {factor:.2f} times as large",
        d_model=round(model.d_model * wider),
        d_ff=round(model.d_ff * wider),
        d_ff_expert=round(model.d_ff_expert * wider),
        n_heads=max(model.n_kv_heads, round(model.n_heads * wider)),
        stated_params=round(model.n_params * factor),
    )


def compared_growth(server: Server, load: Load, streams: int, acting_size: float, requests: int) -> pd.DataFrame:
    """What `requests` at once take of the model, of `streams` of it, and of a model `acting_size` times as large.

    Columns: name, gigabytes (weights and cache at full context), step_ms (a token of each request), and added_gb and
    added_ms over the model itself. Every stream has a cache of its own and adds PREFIXES of the parameters; the larger
    model keeps the cache of the small one, which favors it. Source: Chen et al. 2025 (parscale_2025) compare so.
    """
    rows = [
        _one("the model", server, load, requests, 1),
        _one(f"{streams} streams", server, load, requests, streams),
        _one("larger model", replace(server, model=grown(server.model, acting_size)), load, requests, 1),
    ]
    table = pd.DataFrame(
        {
            "name": [row.name for row in rows],
            "gigabytes": [row.bytes / 1e9 for row in rows],
            "step_ms": [1e3 * row.step_s for row in rows],
        }
    )
    return table.assign(
        added_gb=table["gigabytes"] - table["gigabytes"].iloc[0], added_ms=table["step_ms"] - table["step_ms"].iloc[0]
    )


def _one(name: str, server: Server, load: Load, requests: int, streams: int) -> Growth:
    weights = sum(weight_bytes(server.model, server.formats).values())
    prefixes = PREFIXES * streams * server.model.n_params * bytes_per_element(server.formats.weights)
    cache = float(cache_bytes(server.model, server.formats.cache, load.context, requests * streams))
    step = server.seconds(decode(load, requests * streams))
    return Growth(name, weights + (prefixes if streams > 1 else 0.0) + cache, step)
