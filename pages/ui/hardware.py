"""The hardware and the budget in a person's words: GPUs, time or money or FLOPs, what is to be served, what limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.plans.chips import same_device
from analysis.plans.hardware import Hardware, Wishes
from pages.ui.machines import devices_of
from pages.ui.session import facts
from pages.ui.utilization import FALLBACK, NORMAL_80, SHARE_HELP, published_share, utilization_words
from results_db import Store

DEFAULT_DEVICE = "B200 SXM"
# Way to say a budget -> label, usual, least, most.
BUDGETS = {
    "days": ("for (days)", 14.0, 0.01, 36500.0),
    "dollars": ("for (USD)", 100_000.0, 1.0, 1e12),
    "FLOPs": ("for (FLOPs at the reference's rate)", 1e23, 1e15, 1e30),
}
SERVED_HELP = "Tokens generated or read over the model's life, in trillions; shown as GPU-days per scheme."


@dataclass(frozen=True)
class Machine:
    """A budget on a device: the hardware with its time, what the model must do, and what an hour costs."""

    device: str
    hardware: Hardware
    wishes: Wishes
    usd_per_gpu_hour: float | None
    watts: float | None
    pue: float
    sentence: str
    memory_gb: float | None = None  # of one device

    @property
    def gpu_hours(self) -> float:
        return self.hardware.gpus * self.hardware.days * 24

    @property
    def usd(self) -> float | None:
        """What the budget costs, None without a price."""
        return None if self.usd_per_gpu_hour is None else self.gpu_hours * self.usd_per_gpu_hour

    @property
    def kwh(self) -> float | None:
        """The energy of the budget at the device's rated power, None where it is not listed."""
        return None if self.watts is None else self.gpu_hours * self.watts / 1e3 * self.pue


def choose_machine(store: Store, key: str, full: bool = False) -> Machine:
    """Draws the sentence of inputs; with `full` also budgets in money or FLOPs, limits and prices."""
    devices = devices_of(store)
    gpus, kind, amount, served, share = st.columns([1, 2, 1.3, 1.3, 1.3], vertical_alignment="bottom")
    count = int(gpus.number_input("I have (GPUs)", 1, 1_000_000, 64, key=f"{key}.gpus", bind="query-params"))
    names = sorted(devices["device"], key=lambda name: name != DEFAULT_DEVICE)
    device = str(kind.selectbox("of this kind", names, key=f"{key}.device", bind="query-params"))
    row = devices.set_index("device").loc[device]
    peaks = peaks_of(row)
    tokens = served.number_input(
        "and will serve (T tokens)", 0.0, 1e6, 1.0, key=f"{key}.serve", bind="query-params", format="%.4g",
        help=SERVED_HELP,
    )  # fmt: skip
    known = published_share(store, row["datasheet"], peaks)
    usual = round(100 * known.middle, 1) if known else FALLBACK
    entered = share.number_input(
        "at % of peak", 1.0, 100.0, None, key=f"{key}.mfu", bind="query-params", format="%.4g", help=SHARE_HELP,
        placeholder=f"{usual:g}",
    )  # fmt: skip
    used = entered or usual
    spread = (known.high - known.low) / NORMAL_80 / known.middle if known else 0.0
    extra = Extra(price=default_price(facts(store, "prices_energy"), device))
    if full:
        extra = _limits(key, extra)
    once = Hardware(count, 1.0, used / 100, peaks, spread)
    days = _days(amount, key, extra, once)
    wishes = replace(extra.wishes, serve_tokens=float(tokens) * 1e12)
    watts, memory = (float(row[name]) if pd.notna(row[name]) else None for name in ("tdp_w", "memory_gb"))
    said = utilization_words(used, known)
    return Machine(device, replace(once, days=days), wishes, extra.price, watts, extra.pue, said, memory)


@dataclass(frozen=True)
class Extra:
    """What the short sentence of inputs leaves out."""

    price: float | None
    budget: str = "days"
    wishes: Wishes = field(default_factory=Wishes)
    pue: float = 1.1


def _days(place: DeltaGenerator, key: str, extra: Extra, once: Hardware) -> float:
    label, usual, low, high = BUDGETS[extra.budget]
    amount = place.number_input(
        label, low, high, usual, key=f"{key}.{extra.budget}", bind="query-params", format="%.4g"
    )
    days = budget_days(extra.budget, float(amount), once, extra.price)
    if days is None:
        place.caption("No price or rate is known for this device: 14 days are used.")
    return days or 14.0


def _limits(key: str, usual: Extra) -> Extra:
    with st.expander("Budget in money or FLOPs, limits, prices", icon=":material/tune:"):
        first, second = st.columns(4, vertical_alignment="bottom"), st.columns(4, vertical_alignment="bottom")
    budget = first[0].segmented_control(
        "Budget in", list(BUDGETS), default="days", key=f"{key}.budget", bind="query-params", required=True
    )

    def number(
        place: DeltaGenerator, label: str, name: str, value: float | None = None, text: str = ""
    ) -> float | None:
        return place.number_input(
            label, 0.0, 1e9, value, key=f"{key}.{name}", bind="query-params", format="%.4g", placeholder="none",
            help=text or None,
        )  # fmt: skip

    memory = number(first[1], "Weights at most [GB]", "memory", text="Of the served model, in its forward format.")
    n_params = number(first[2], "Parameters fixed at [billions]", "fixed_n")
    n_tokens = number(first[3], "Tokens fixed at [billions]", "fixed_d")
    paid = second[0].toggle(
        "The budget also pays for serving", key=f"{key}.serving_paid", bind="query-params",
        help="6 N D + 2 N T within the budget (Sardana et al. 2023), so that a smaller model is trained longer.",
    )  # fmt: skip
    price = number(second[1], "USD per GPU hour", "price", usual.price, "Median of the published prices; edit it.")
    pue = number(second[2], "PUE of the data center", "pue", 1.1, "Energy of the building over that of the machines.")
    wishes = Wishes(
        serving_paid=bool(paid),
        memory_gb=memory or None,
        n_params=n_params * 1e9 if n_params else None,
        n_tokens=n_tokens * 1e9 if n_tokens else None,
    )
    return Extra(price or None, str(budget), wishes, pue or 1.0)


def peaks_of(row: Mapping[str, float] | pd.Series) -> dict[str, float]:
    """The dense peaks [TFLOP/s] of a row of devices, by format; those that it lacks are left out."""
    rates = {name: row[f"{name}_tflops"] for name in ("bf16", "fp8", "fp4")}
    return {name: float(rate) for name, rate in rates.items() if rate > 0}


def default_price(prices: pd.DataFrame, device: str) -> float | None:
    """The median published price of a GPU hour [USD] of a device; None without any."""
    own = prices[prices["kind"] == "gpu_hour_usd"]
    own = own[same_device(own["item"], device)]
    return float(own["value"].median()) if len(own) else None


def budget_days(kind: str, amount: float, once: Hardware, price: float | None) -> float | None:
    """The days that a budget buys, given in days, dollars or FLOPs; None where the device cannot say."""
    if kind == "days":
        return amount
    if kind == "dollars":
        return amount / (once.gpus * 24 * price) if price else None
    return amount / once.flops if once.flops else None


def peak_words(hardware: Hardware) -> str:
    """The dense peaks that a plan uses."""
    rates = {name.upper(): hardware.peaks.get(name) for name in ("bf16", "fp8", "fp4")}
    return ", ".join(f"{name} {rate:g} TFLOP/s" if rate else f"no {name}" for name, rate in rates.items())
