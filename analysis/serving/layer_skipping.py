"""How many layers are left when skipping some has to give a speed-up."""

from __future__ import annotations

import math


def layers_kept(n_layers: int, speedup: float, share: float = 1.0) -> int:
    """The most layers that may run per token for that speed-up over all `n_layers`.

    `share` is the part of a token's time that is spent in layers; the rest, such as the vocabulary's product, stays.
    ValueError when even no layer at all would be too slow. Assumes layers of equal cost.
    """
    if not 1 <= speedup < math.inf or not 0 < share <= 1:
        raise ValueError(f"a speed-up is 1 or more and a share lies in (0, 1]; these are {speedup:g} and {share:g}")
    left = (1 / speedup - (1 - share)) / share
    if left < 0:
        raise ValueError(
            f"a speed-up of {speedup:g} is out of reach: {1 - share:.0%} of the time is spent outside the layers, "
            f"which allows {1 / (1 - share):.3g} at most"
        )
    return math.floor(n_layers * left + 1e-9)
