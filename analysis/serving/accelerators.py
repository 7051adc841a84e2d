"""Accelerators and processing elements: energy, area, time and cost as printed, over the baseline of each claim.

A design is only ever set against the baseline that its own source names; gains over different baselines are never
joined, multiplied or ranked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

HOURS_PER_DAY = 24.0


@dataclass(frozen=True)
class Quantity:
    """What a metric of the table `claims` says of a design: of `name` [unit of the baseline] it needs 1 / gain, or for
    `more` gain times as much."""

    name: str
    more: bool = False


QUANTITIES = {
    "energy_efficiency_gain": Quantity("energy"),
    "energy_reduction": Quantity("energy"),
    "power_reduction": Quantity("power"),
    "area_reduction": Quantity("area"),
    "compute_density_gain": Quantity("speed per area", more=True),
    "speedup": Quantity("time"),
    "throughput_gain": Quantity("time"),
    "latency_reduction": Quantity("time"),
    "cost_efficiency_gain": Quantity("cost"),
}
# What hardware a claim has to name to be one of a design rather than of a kernel on a processor; the first that fits.
KINDS = (
    ("processing element", r"tensor core|matrix engine|tensor hardware"),
    ("processing in memory", r"PIM"),
    ("FPGA", r"FPGA"),
    ("accelerator", r"ASIC|accelerator|dedicated hardware"),
)
COLUMNS = ["design", "kind", "baseline", "format", "quantity", "gain", "share", "bound", "hardware", "model", "task",
           "claim_id", "source_id"]  # fmt: skip


def kind(hardware: str) -> str | None:
    """The kind of design that a claim's hardware names (KINDS); None for processors that run kernels."""
    return next((name for name, pattern in KINDS if re.search(pattern, hardware)), None)


def designs(claims: pd.DataFrame) -> pd.DataFrame:
    """One row per printed gain of a design over its baseline (COLUMNS), from rows of the table `claims`.

    `gain` is how many times better, `share` what the design then needs (or gives) of the baseline's 1; `bound` is the
    claim's own word: exact, up to, at least, average.
    """
    rows = []
    for row in _of_designs(claims).to_dict("records"):
        quantity = QUANTITIES.get(row["metric"])
        if quantity is None or pd.isna(row["baseline"]) or not row["normalized"] > 0:
            continue
        gain = float(row["normalized"])
        share = gain if quantity.more else 1 / gain
        own = {"design": row["subject"], "quantity": quantity.name, "gain": gain, "share": share, "bound": _bound(row)}
        rows.append(row | own)
    return pd.DataFrame(rows, columns=COLUMNS)


def needed(table: pd.DataFrame, baseline: Mapping[str, float]) -> pd.DataFrame:
    """`table` of one design and one baseline with a column `needs`: its share of what the baseline needs of each
    quantity, 1 where `baseline` does not say. Raises ValueError for rows of more than one baseline."""
    if table["baseline"].nunique() > 1:
        names = ", ".join(sorted(table["baseline"].unique()))
        raise ValueError(f"the rows have several baselines ({names}); gains over different ones cannot be joined")
    return table.assign(needs=table["share"] * [baseline.get(name, 1.0) for name in table["quantity"]])


def absolute(claims: pd.DataFrame) -> pd.DataFrame:
    """Figures of designs that need no baseline: design, kind, format, printed, means, bound, claim_id, source_id."""
    rows = []
    for row in _of_designs(claims).to_dict("records"):
        if row["metric"] not in ABSOLUTE:
            continue
        value = float(row["normalized"])
        own = {"design": row["subject"], "printed": f"{row['value']:g} {row['unit']}",
               "means": ABSOLUTE[row["metric"]](value), "bound": _bound(row)}  # fmt: skip
        rows.append(row | own)
    columns = ["design", "kind", "format", "printed", "means", "bound", "claim_id", "source_id"]
    return pd.DataFrame(rows, columns=columns)


def period_ns(rate_hz: float) -> float:
    """The time that each of so many inferences a second may take, one after another [ns]: 40 MHz leave 25 ns."""
    return 1e9 / rate_hz


ABSOLUTE = {
    "trigger_rate": lambda rate: f"{period_ns(rate):g} ns an inference",
    "power": lambda watts: f"{watts * HOURS_PER_DAY / 1e3:.3g} kWh a day",
}


def _of_designs(claims: pd.DataFrame) -> pd.DataFrame:
    kinds = claims["hardware"].fillna("").map(kind)
    return claims.assign(kind=kinds)[kinds.notna()]


def _bound(claim: Mapping[str, object]) -> str:
    return str(claim["condition"]).partition(";")[0]
