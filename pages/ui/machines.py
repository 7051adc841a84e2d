"""The devices to plan for: those of the datasheets, and those that a probe has measured, at their measured rates."""

from __future__ import annotations

import pandas as pd

from gpu_probe.rates import PEAK_COLUMNS, datasheet_name, peak_format, tflops
from gpu_probe.result import Status
from pages.ui.session import current, facts
from results_db import Store

PROBED = "{} (probed)"
COLUMNS = ("bf16_tflops", "fp8_tflops", "fp4_tflops")
NO_PRODUCT = "copy|quantize|gemv|sparse|_weight"  # kernels whose time is not that of a dense product in their format


def devices_of(store: Store) -> pd.DataFrame:
    """The datasheet's devices, then every probed one that has a rate in BF16, FP8 or FP4; `datasheet` is its row there.

    The rates of a probed device are the highest that its native kernels reached, 2 m n k over the median time.
    """
    listed = facts(store, "devices").assign(datasheet=lambda rows: rows["device"])
    results = current(store, "probe_results", status=Status.OK.value, native=True)
    own = measured_rates(results) if len(results) else results
    if own.empty:
        return listed
    sheet = listed.set_index("device")
    probed = own.assign(datasheet=[datasheet_name(str(device)) for device in own["device"]])
    for column in ("tdp_w", "memory_gb"):
        probed[column] = [sheet[column].get(name) for name in probed["datasheet"]]
    probed["device"] = [PROBED.format(device) for device in probed["device"]]
    return pd.concat([listed, probed], ignore_index=True)


def measured_rates(results: pd.DataFrame) -> pd.DataFrame:
    """One row a device: device and its highest measured rates [TFLOP/s] in the COLUMNS that were measured."""
    timed = results.dropna(subset=["device", "m", "n", "k", "p50_us"])
    timed = timed[~timed["kernel"].str.contains(NO_PRODUCT)]
    rates = pd.DataFrame(
        {
            "device": timed["device"],
            "column": [
                PEAK_COLUMNS.get(peak_format(kernel, form))
                for kernel, form in zip(timed["kernel"], timed["format"].astype(str), strict=True)
            ],
            "rate": [
                tflops(int(m), int(n), int(k), float(time_us))
                for m, n, k, time_us in timed[["m", "n", "k", "p50_us"]].itertuples(index=False)
            ],
        }
    )
    best = rates[rates["column"].isin(COLUMNS)].pivot_table(
        index="device", columns="column", values="rate", aggfunc="max"
    )
    return best.reset_index().rename_axis(columns=None).reindex(columns=["device", *COLUMNS])
