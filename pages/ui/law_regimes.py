"""Under the parameters of a fit: which of the four scaling regimes its exponents are in, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.fits.fitting import Fit
from analysis.trust.regimes import EITHER, NEITHER, RESOLUTION, VARIANCE, Regime, regimes
from pages.ui import panels

VERDICTS = {
    RESOLUTION: "limited by resolution: the exponent is set by the data, and falls with the dimension they lie on",
    VARIANCE: "limited by variance: as the limit of infinite {scale} is approached, whatever the task",
    EITHER: "resolution or variance: the interval allows both; add runs",
    NEITHER: "faster than both: not a regime of that theory; look at the smallest runs",
}
CAPTION = (
    "Four regimes, by Bahri et al. 2021: in data and in model size, each limited by variance (exponent 1 in tokens, "
    "and 1 in width, which is 1/2 in parameters at a fixed number of layers) or by resolution (smaller, about 4/d for "
    "data on a manifold of dimension d). Where depth grows with width, 1/width is N^(-1/3): an exponent of size near "
    "1/3 does not tell the two apart then."
)


def draw(found: Fit) -> None:
    """Draws the regime of every exponent that has an interval; nothing for laws without exponents of size or data."""
    if rows := regimes(found):
        panels.show_table(pd.DataFrame([_row(regime) for regime in rows]), "scaling_laws.regimes", CAPTION)


def _row(regime: Regime) -> dict[str, object]:
    return {
        "exponent of": f"{regime.scale} ({regime.symbol})",
        "fitted": round(regime.value, 3),
        "95% from": round(regime.low, 3),
        "95% to": round(regime.high, 3),
        "if limited by variance": regime.limit,
        "regime": regime.verdict,
        "which means": VERDICTS[regime.verdict].format(scale=regime.scale),
        "dimension, about": round(regime.dimension) if np.isfinite(regime.dimension) else None,
    }
