"""Power readings of two formats as energy and CO2: what one saves, and whether repeats tell the two apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.plans.costs import carbon_kg, kwh

LEVEL = 0.95


@dataclass(frozen=True)
class Saving:
    """What the second of two formats draws less than the first [W], over `hours` [kWh] and in CO2 [kg].

    `low` and `high` are the ends of its 95% interval [W], `p_value` the chance of such a difference between equal
    formats (Welch's t); all NaN where either format has a single reading.
    """

    watts: float
    low: float
    high: float
    p_value: float
    hours: float
    pue: float
    g_per_kwh: float

    @property
    def significant(self) -> bool:
        """Whether repeated readings tell the two apart at the 5% level."""
        return bool(self.p_value < 1 - LEVEL)

    def energy(self, watts: float) -> float:
        """Energy of a difference in power over the hours, the data center's overhead on top [kWh]."""
        return kwh(watts * self.pue, self.hours)

    def carbon(self, watts: float) -> float:
        """CO2 equivalents of that energy [kg]."""
        return float(carbon_kg(self.energy(watts), self.g_per_kwh))


def saving(
    first: Sequence[float], second: Sequence[float], hours: float, pue: float = 1.0, g_per_kwh: float = 0.0
) -> Saving:
    """The saving of `second` over `first`, mean readings [W] of repeated runs, one number a run.

    Raises ValueError when either has none. Welch's test: the variances of the two formats need not be equal.
    """
    if not (len(first) and len(second)):
        raise ValueError("a format has no reading; give the mean power of at least one run of each, in watts")
    watts = float(np.mean(first) - np.mean(second))
    low = high = p_value = float("nan")
    if min(len(first), len(second)) > 1:
        if np.ptp(first) or np.ptp(second):
            from scipy.stats import ttest_ind  # half a second to import, for this only

            test = ttest_ind(first, second, equal_var=False)
            ends = test.confidence_interval(LEVEL)
            low, high, p_value = float(ends.low), float(ends.high), float(test.pvalue)
        else:  # readings that never differ
            low, high, p_value = watts, watts, float(watts == 0)
    return Saving(watts, low, high, p_value, hours, pue, g_per_kwh)


def readings(text: str) -> list[float]:
    """Watts as typed, separated by spaces, commas or semicolons. Raises ValueError naming what is no power."""
    found = []
    for part in text.replace(",", " ").replace(";", " ").split():
        try:
            watts = float(part)
        except ValueError:
            watts = np.nan
        if not 0 <= watts < 1e7:
            raise ValueError(f"'{part[:20]}' is no power; write watts such as 212.5, separated by spaces")
        found.append(watts)
    return found
