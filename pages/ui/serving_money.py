"""What the planner asks of money and energy: the price of a GPU-hour, the grid, the overhead and the draw."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.plans.costs import carbon_kg, kwh_per_million, usd_per_million
from pages.ui import panels
from pages.ui.serving_inputs import Hardware
from pages.ui.session import facts
from results_db import Store

PUE_HELP = "Energy of the whole data center over that of its machines; fleets print 1.08 to 1.18."
DRAW_HELP = "What a device draws, in percent of its rated power (TDP); memory-bound serving draws less than all."


def choose_price(hardware: Hardware, key: str) -> float:
    """Draws the price of a GPU-hour [USD]; the median of published ones at first."""
    price = hardware.price
    known = (
        f"Median of {price.n} published on-demand prices, {price.low:.2f} to {price.high:.2f} USD "
        f"({', '.join(price.sources)})."
        if price
        else "No price of this device is published in the store: write your own."
    )
    return st.number_input(
        "USD per GPU-hour",
        0.0,
        1000.0,
        round(price.middle, 2) if price else 1.0,
        format="%.2f",
        key=f"{key}.price.{hardware.name}",
        bind="query-params",
        help=known,
    )


@dataclass(frozen=True)
class Place:
    """Where the hardware stands: grams of CO2 per kWh, the data center's overhead (PUE), share of the rated draw."""

    grid: str
    g_per_kwh: float
    pue: float
    draw: float


def choose_place(store: Store, key: str, rated: bool = True) -> Place:
    """Draws where the hardware stands: grid, PUE and, where power is the `rated` one, how much of it is drawn."""
    prices = facts(store, "prices_energy")
    grids = prices[prices["kind"] == "carbon_gco2_kwh"].drop_duplicates("item").set_index("item")["value"]
    grids = grids if len(grids) else pd.Series({"not known": 0.0})
    names = sorted(grids.index, key=lambda name: name != "world average")
    first, second, third = st.columns(3)
    grid = first.selectbox("Grid", names, key=f"{key}.grid", bind="query-params", help="Grams of CO2 per kWh.")
    pue = second.number_input(
        "PUE", 1.0, 3.0, 1.15, format="%.2f", key=f"{key}.pue", bind="query-params", help=PUE_HELP
    )
    draw = 100
    if rated:
        draw = third.number_input(
            "Draw, % of rated", 1, 120, 100, key=f"{key}.draw", bind="query-params", help=DRAW_HELP
        )
    return Place(str(grid), float(grids[grid]), float(pue), draw / 100)


def usd(price: float, devices: int, rate: float) -> float:
    """USD of a million tokens at `rate` tokens per second on `devices` at `price` an hour each."""
    return float(usd_per_million(price * devices, rate))


def draw_costs(
    sweeps: dict[str, pd.DataFrame], wanted: int, hardware: Hardware, price: float, place: Place, name: str
) -> None:
    """Draws speed, money, energy and CO2 of every choice of formats at the wanted number of requests, or the most."""
    rows = []
    for label, table in sweeps.items():
        at = table[table["sequences"] <= wanted].iloc[-1]
        rate = float(at["tokens_per_s"])
        watts = hardware.watts
        energy = None
        if watts is not None:
            energy = float(kwh_per_million(watts * hardware.devices.count * place.draw, rate, place.pue))
        rows.append(
            {
                "formats": label,
                "requests at once": int(at["sequences"]),
                "first token [s]": at["first_token_s"],
                "between tokens [ms]": 1e3 * at["step_s"],
                "tokens/s": rate,
                "USD per million": usd(price, hardware.devices.count, rate),
                "kWh per million": energy,
                "g CO2 per million": None if energy is None else 1e3 * float(carbon_kg(energy, place.g_per_kwh)),
                "bound by": at["bound"],
            }
        )
    if not rows:
        return
    drawn = f"{hardware.watts:,.0f} W rated, {place.draw:.0%} drawn" if hardware.watts else "no rated power is known"
    panels.show_table(
        pd.DataFrame(rows),
        name,
        f"Per million generated tokens at the number of requests nearest below {wanted:,} that was computed. "
        f"{price:.2f} USD per GPU-hour; {drawn}, PUE {place.pue:.2f}; {place.grid}, {place.g_per_kwh:.0f} g CO2 a kWh.",
        {
            column: st.column_config.NumberColumn(format=number)
            for column, number in (
                ("first token [s]", "%.3g"),
                ("between tokens [ms]", "%.3g"),
                ("tokens/s", "%.4g"),
                ("USD per million", "%.3g"),
                ("kWh per million", "%.3g"),
                ("g CO2 per million", "%.3g"),
            )
        },
    )
