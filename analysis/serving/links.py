"""What devices that share a model send each other, and how long that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.serving.architecture import Architecture

ALL_REDUCES = 2  # of a layer's forward pass: after attention and after the feed-forward block
SUM_BYTES = 2  # of an element that is summed: outputs of products stay in 16 bits, whatever multiplies them


@dataclass(frozen=True)
class Links:
    """What one device sends in one direction [GB/s]: to all others of its node at once, and to one other at most."""

    all_gb_s: float
    peer_gb_s: float

    def rate(self, devices: int) -> float:
        """What a device of a group of `devices` sends [bytes/s]: to each of the others no more than to one."""
        return 1e9 * min(self.all_gb_s, self.peer_gb_s * (devices - 1))


def links_of(device: Mapping[str, object]) -> Links | None:
    """The links in a row of the table `devices`; None where no text gives them."""
    rates = [device.get(name) for name in ("link_gb_s", "link_peer_gb_s")]
    if any(rate is None or pd.isna(rate) for rate in rates):
        return None
    return Links(*(float(str(rate)) for rate in rates))


def sent_bytes(model: Architecture, tokens: float, devices: int) -> float:
    """What each of `devices` sends while `tokens` tokens pass through all layers of a model split over them [bytes].

    Two all-reduces a layer of tokens x d_model elements (tensor parallelism: Narayanan et al. 2021, arXiv 2104.04473,
    section 2.3; with those of the backward pass 8 b s h (t - 1) / t elements, section 3.2), each 2 (t - 1) / t of its
    size from every device (the bus bandwidth of NCCL's tests, doc/PERFORMANCE.md). 0 for one device.
    """
    size = tokens * model.d_model * SUM_BYTES
    return model.layers * ALL_REDUCES * 2 * (devices - 1) / devices * size


def sending_s(model: Architecture, tokens: float, devices: int, links: Links | None) -> float:
    """The seconds that this takes, not overlapped with anything and without latencies; 0 where no rate is known."""
    if devices < 2 or links is None:
        return 0.0
    return sent_bytes(model, tokens, devices) / links.rate(devices)
