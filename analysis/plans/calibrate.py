"""Measured speed-ups of a device: a training step's linear layers put together from the rows of a probe."""

from __future__ import annotations

import pandas as pd

# Formats that train, each with those of the probe that may stand for it: the fastest counts.
FORMATS = {"bf16": ("bf16",), "FP8": ("fp8", "mxfp8"), "MXFP4": ("mxfp4",), "NVFP4": ("nvfp4",)}
FREE = ("bf16",)  # its operands are not quantized
KEY = ["m", "n", "k"]
SOURCE = "your probe"


def layer_times(work: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The time of a step's linear layers: n_params, phase, format, p20_us, p50_us, p80_us, quantizing (its share).

    `work` has n_params, phase (forward, backward), m, n, k and count, the products of one step; `rows` are those of
    one run of the probe on one device, with format, quantizes (whether the kernel quantizes m x k numbers), native,
    m, n, k and the times. A product takes its fastest native kernel of a format and quantizes both of its operands,
    m k + n k numbers, at the rate of the format's fastest quantizing row. A model of which a product was not
    measured has no row.
    """
    found = [
        times
        for name, formats in FORMATS.items()
        for one in formats
        if (times := _of_format(work, rows, name, one)) is not None
    ]
    if not found:
        return pd.DataFrame(columns=["n_params", "phase", "format", "p20_us", "p50_us", "p80_us", "quantizing"])
    every = pd.concat(found, ignore_index=True)
    fastest = every.groupby(["n_params", "phase", "format"], sort=False)["p50_us"].idxmin()
    return every.loc[fastest].sort_values(["n_params", "phase", "format"], ignore_index=True)


def throughput_rows(times: pd.DataFrame, device: str, tokens: int, batch: int) -> pd.DataFrame:
    """Those times as rows of the store's `throughput` table: speed-up of each FP4 format over FP8, by phase and size.

    Its columns are those that analysis.plans.speed.measured_tables reads; sizes without both formats have no row.
    """
    wide = times.pivot_table(index=["n_params", "phase"], columns="format", values="p50_us").reset_index()
    lines = [
        {
            "source_id": SOURCE,
            "device": device,
            "kernel": f"{name} linear layers measured here, {tokens} tokens",
            "format": name,
            "baseline_format": "FP8",
            "n_params": row["n_params"],
            "batch": batch,
            "phase": row["phase"],
            "metric": "speedup",
            "value": row["FP8"] / row[name],
            "measured": True,
        }
        for name in ("MXFP4", "NVFP4")
        if {name, "FP8"} <= set(wide.columns)
        for row in wide.dropna(subset=[name, "FP8"]).to_dict("records")
    ]
    return pd.DataFrame(lines)


def _of_format(work: pd.DataFrame, rows: pd.DataFrame, name: str, one: str) -> pd.DataFrame | None:
    """Times of every model of which each product was measured natively in one format of the probe."""
    own = rows[rows["format"] == one]
    products = own[~own["quantizes"] & own["native"].eq(True)]
    per_number = _per_number(own[own["quantizes"]])
    if products.empty or (per_number is None and one not in FREE):
        return None
    fastest = products.loc[products.groupby(KEY)["p50_us"].idxmin(), [*KEY, "p20_us", "p50_us", "p80_us"]]
    joined = work.merge(fastest, on=KEY, how="left")
    complete = joined.groupby("n_params")["p50_us"].transform(lambda times: times.notna().all())
    joined = joined[complete]
    if joined.empty:
        return None
    numbers = joined["m"] * joined["k"] + joined["n"] * joined["k"]
    cost = numbers * per_number["p50_us"] * joined["count"] if per_number is not None else 0.0 * numbers
    sums = joined[["n_params", "phase"]].assign(quantizing=cost)
    for column in ("p20_us", "p50_us", "p80_us"):
        extra = numbers * per_number[column] if per_number is not None else 0.0
        sums[column] = (joined[column] + extra) * joined["count"]
    total = sums.groupby(["n_params", "phase"], as_index=False, sort=False).sum()
    return total.assign(format=name, quantizing=total["quantizing"] / total["p50_us"])


def _per_number(quantizing: pd.DataFrame) -> pd.Series | None:
    """Microseconds that one number takes to quantize (columns p20_us, p50_us, p80_us), None when not measured."""
    if quantizing.empty:
        return None
    rates = quantizing[["p20_us", "p50_us", "p80_us"]].div(quantizing["m"] * quantizing["k"], axis=0)
    return rates.loc[rates["p50_us"].idxmin()]
