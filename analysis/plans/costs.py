"""Money, energy and CO2 of hardware that works: per hour, per day, per million tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.plans.chips import same_device

SECONDS_PER_HOUR = 3600.0
JOULES_PER_KWH = 3.6e6
MILLION = 1e6


def usd_per_million(usd_per_hour: np.ndarray | float, rate: np.ndarray | float) -> np.ndarray:
    """Cost of a million tokens at `rate` tokens per second on hardware of `usd_per_hour` in all [USD]."""
    return np.asarray(usd_per_hour, float) * MILLION / (np.asarray(rate, float) * SECONDS_PER_HOUR)


def kwh_per_million(watts: float, rate: np.ndarray | float, pue: float = 1.0) -> np.ndarray:
    """Energy of a million tokens at `rate` tokens per second, a draw of `watts` and the data center's PUE [kWh]."""
    return watts * pue * MILLION / np.asarray(rate, float) / JOULES_PER_KWH


def kwh(watts: float, hours: float) -> float:
    """Energy of a constant draw [kWh]."""
    return watts * hours / 1e3


def carbon_kg(energy_kwh: np.ndarray | float, grid_g_per_kwh: float) -> np.ndarray:
    """CO2 equivalents of an energy on a grid of that intensity [kg]."""
    return np.asarray(energy_kwh, float) * grid_g_per_kwh / 1e3


@dataclass(frozen=True)
class Price:
    """What a GPU-hour costs [USD]: lowest, median and highest of the prices that sources print, on demand."""

    low: float
    middle: float
    high: float
    n: int
    sources: tuple[str, ...]


def published_price(prices: pd.DataFrame, device: str) -> Price | None:
    """The prices of a GPU-hour of this chip in rows of `prices_energy`; None when none is printed.

    Ends of printed ranges count for low and high, but neither preemptible nor reserved prices.
    """
    own = prices[(prices["kind"] == "gpu_hour_usd") & same_device(prices["item"], device)]
    caution = own["caution"].fillna("")
    own = own[~caution.str.contains("reserved")]
    if own.empty:
        return None
    low = own["low"].where(~caution.str.contains("low_is_preemptible")).fillna(own["value"])
    high = own["high"].fillna(own["value"])
    sources = tuple(sorted(own["source_id"].unique()))
    return Price(float(low.min()), float(own["value"].median()), float(high.max()), len(own), sources)
