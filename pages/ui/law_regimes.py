"""Under the parameters of a fit: which of the four scaling regimes its exponents are in, in words."""

from __future__ import annotations

import streamlit as st

from analysis.fits.fitting import Fit
from analysis.trust.regimes import EITHER, NEITHER, RESOLUTION, VARIANCE, Regime, regimes

VERDICTS = {
    RESOLUTION: "the data set it: as if they lay on a manifold of about {dimension:.0f} dimensions",
    VARIANCE: "the approach to infinite {scale}, whatever the task",
    EITHER: "the interval allows resolution and variance alike; add runs",
    NEITHER: "faster than that theory allows; look at the smallest runs",
}
CAPTION = (
    "Four regimes, by Bahri et al. 2021: in data and in model size, each limited by variance (exponent 1 in tokens, "
    "and 1 in width, which is 1/2 in parameters at a fixed number of layers) or by resolution (smaller, about 4/d for "
    "data on a manifold of dimension d). Where depth grows with width, 1/width is N^(-1/3): an exponent of size near "
    "1/3 does not tell the two apart then."
)


def draw(found: Fit) -> None:
    """Says the regime of every exponent that has an interval; nothing for laws without exponents of size or data."""
    if rows := regimes(found):
        st.markdown("\n".join(map(_line, rows)))
        st.caption(CAPTION)


def _line(regime: Regime) -> str:
    what = VERDICTS[regime.verdict].format(scale=regime.scale, dimension=regime.dimension)
    return (
        f"- **{regime.scale[0].upper()}{regime.scale[1:]}: {regime.verdict}.** {regime.symbol} {regime.value:.3f} "
        f"[{regime.low:.3f}, {regime.high:.3f}], against {regime.limit:g} if limited by variance: {what}."
    )
