"""Which of the four scaling regimes a fitted exponent lies in, by its interval.

Bahri et al. tell two mechanisms apart, each in data and in model size. Limited by variance, the loss approaches that of
infinite data as 1/D, and that of infinite width as 1/width: the exponent is 1 whatever the task. Limited by resolution,
it falls with a smaller exponent that the data set: the higher the dimension d of the manifold they lie on, the smaller
(about 4/d, Sharma and Kaplan 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.fits.fitting import Fit

DATA, SIZE = "data", "model size"
# Kind of scale -> the exponent of the regime limited by variance. N grows as width^2 at a fixed number of layers, so
# 1/width is N^(-1/2).
LIMIT = {DATA: 1.0, SIZE: 0.5}
# Law -> its exponents of data and of model size, where they are powers of these alone.
EXPONENTS = {
    "chinchilla": {"alpha": SIZE, "beta": DATA},
    "data_constrained": {"alpha": SIZE, "beta": DATA},
    "precision": {"alpha": SIZE, "beta": DATA},
    "infinite_compute": {"alpha": SIZE},
    "power_law:n_params": {"alpha": SIZE},
    "power_law:n_tokens": {"alpha": DATA},
    "kaplan_n": {"alpha_N": SIZE},
    "kaplan_d": {"alpha_D": DATA},
}
VARIANCE, RESOLUTION, EITHER, NEITHER = "variance-limited", "resolution-limited", "either", "neither"


@dataclass(frozen=True)
class Regime:
    """The regime of one exponent: `limit` is that of variance; `low`, `high` its 95% interval.

    `dimension` is that of the data that so small an exponent suggests, nan unless limited by resolution.
    """

    symbol: str
    scale: str
    value: float
    low: float
    high: float
    limit: float
    verdict: str

    @property
    def dimension(self) -> float:
        return 4 / self.value if self.verdict == RESOLUTION else float("nan")


def regimes(found: Fit) -> tuple[Regime, ...]:
    """The regime of every exponent of a fit that has an interval; empty for a law that is no power of size or data.

    An interval below the exponent of the variance-limited regime is resolution-limited, one around it variance-limited
    where it rules half of it out, else either; one above it is neither.
    Source: Bahri et al. 2021, the four regimes (claim explaining_scaling_laws_2021-01).
    """
    rows = []
    for symbol, scale in EXPONENTS.get(found.law.name, {}).items():
        low, high = found.intervals.get(symbol, (float("nan"), float("nan")))
        if low == low:
            rows.append(Regime(symbol, scale, found.values[symbol], low, high, LIMIT[scale], judged(low, high, scale)))
    return tuple(rows)


def judged(low: float, high: float, scale: str) -> str:
    """The regime that a 95% interval of an exponent of `scale` (DATA or SIZE) allows."""
    limit = LIMIT[scale]
    if high < limit:
        return RESOLUTION
    if low > limit:
        return NEITHER
    return VARIANCE if low > limit / 2 else EITHER
