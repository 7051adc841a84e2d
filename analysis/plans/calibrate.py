"""Measured speed-ups of a device: a training step's linear layers, as whole calls or put together from products."""

from __future__ import annotations

import pandas as pd

# Formats that train, each with those of the probe that may stand for it: the fastest counts.
FORMATS = {"bf16": ("bf16",), "FP8": ("fp8", "mxfp8"), "MXFP4": ("mxfp4",), "NVFP4": ("nvfp4",)}
FREE = ("bf16",)  # its operands are not quantized
KEY = ["m", "n", "k"]
TIMES = ["p20_us", "p50_us", "p80_us"]
WHOLE, SUM = "one call", "sum of parts"
SOURCE = "your probe"


def layer_times(work: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The time of a step's linear layers: n_params, phase, format, how, p20_us, p50_us, p80_us, quantizing (its share).

    `work` has n_params, phase (forward, backward), m, n, k and count, the products of one step; `rows` are those of
    one run of the probe on one device, with format, quantizes (whether the kernel quantizes m x k numbers), pass (the
    phase of a kernel that is a whole pass through a layer, else empty), native, m, n, k and the times.

    how is "one call" where passes through each layer were measured as such, quantizing among it, and "sum of parts"
    where a product takes its fastest native kernel of a format and quantizes both of its operands, m k + n k numbers,
    at the rate of the format's fastest quantizing row. A model of which a part was not measured has no row.
    """
    found = [
        times
        for name, formats in FORMATS.items()
        for one in formats
        for times in (_of_format(work, rows, name, one), _of_passes(work, rows, name, one))
        if times is not None
    ]
    key = ["n_params", "phase", "format", "how"]
    if not found:
        return pd.DataFrame(columns=[*key, *TIMES, "quantizing"])
    every = pd.concat(found, ignore_index=True)
    fastest = every.groupby(key, sort=False)["p50_us"].idxmin()
    return every.loc[fastest].sort_values(key, ignore_index=True)


def preferred(times: pd.DataFrame) -> pd.DataFrame:
    """Of those times the one to believe for each size, phase and format: one call where it was measured.

    Formats are compared within one way of measuring: a size and phase at which FP8 was not measured as one call takes
    sums of parts for every format.
    """
    whole = times[times["how"] == WHOLE]
    size = ["n_params", "phase"]
    told = whole.loc[whole["format"] == "FP8", size].drop_duplicates()
    among = times.merge(told.assign(whole=True), on=size, how="left")["whole"].eq(True).to_numpy()
    return times[(times["how"] == WHOLE) == among].reset_index(drop=True)


def throughput_rows(times: pd.DataFrame, device: str, tokens: int, batch: int) -> pd.DataFrame:
    """Those times as rows of the store's `throughput` table: speed-up of each FP4 format over FP8, by phase and size.

    Its columns are those that analysis.plans.speed.measured_tables reads; sizes without both formats have no row, and
    passes measured as one call go before sums of parts.
    """
    wide = preferred(times).pivot_table(index=["n_params", "phase"], columns="format", values="p50_us").reset_index()
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
    own = rows[(rows["format"] == one) & (rows["pass"] == "")]
    products = own[~own["quantizes"] & own["native"].eq(True)]
    per_number = _per_number(own[own["quantizes"]])
    if products.empty or (per_number is None and one not in FREE):
        return None
    joined = _joined(work, products)
    if joined.empty:
        return None
    numbers = joined["m"] * joined["k"] + joined["n"] * joined["k"]
    cost = numbers * per_number["p50_us"] * joined["count"] if per_number is not None else 0.0 * numbers
    sums = joined[["n_params", "phase"]].assign(quantizing=cost)
    for column in TIMES:
        extra = numbers * per_number[column] if per_number is not None else 0.0
        sums[column] = (joined[column] + extra) * joined["count"]
    total = sums.groupby(["n_params", "phase"], as_index=False, sort=False).sum()
    return total.assign(format=name, how=SUM, quantizing=total["quantizing"] / total["p50_us"])


def _of_passes(work: pd.DataFrame, rows: pd.DataFrame, name: str, one: str) -> pd.DataFrame | None:
    """Times of every model of which each layer's pass was measured natively as one call in one format of the probe."""
    passes = rows[(rows["format"] == one) & (rows["pass"] != "") & rows["native"].eq(True)]
    layers = work[work["phase"] == "forward"]  # a layer's tokens, outputs and inputs are those of its forward product
    found = []
    for phase, own in passes.groupby("pass"):
        joined = _joined(layers, own)
        times = joined[TIMES].mul(joined["count"], axis=0).assign(n_params=joined["n_params"])
        found.append(times.groupby("n_params", as_index=False).sum().assign(phase=phase))
    total = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    return None if total.empty else total.assign(format=name, how=WHOLE, quantizing=float("nan"))


def _joined(work: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The work with the fastest row on each shape, models of which a shape is missing left out."""
    fastest = rows.loc[rows.groupby(KEY)["p50_us"].idxmin(), [*KEY, *TIMES]]
    joined = work.merge(fastest, on=KEY, how="left")
    return joined[joined.groupby("n_params")["p50_us"].transform(lambda times: times.notna().all())]


def _per_number(quantizing: pd.DataFrame) -> pd.Series | None:
    """Microseconds that one number takes to quantize (columns p20_us, p50_us, p80_us), None when not measured."""
    if quantizing.empty:
        return None
    rates = quantizing[TIMES].div(quantizing["m"] * quantizing["k"], axis=0)
    return rates.loc[rates["p50_us"].idxmin()]
