"""Money, energy and CO2 of hardware that works: per hour, per day, per million tokens."""

from __future__ import annotations

import numpy as np

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
