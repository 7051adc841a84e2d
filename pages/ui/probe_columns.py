"""How the columns of the probe page's tables read: names with units, digits, what they mean."""

from __future__ import annotations

import pandas as pd
from streamlit import column_config

ROW_PX, MOST_ROWS = 36, 24


def full_height(frame: pd.DataFrame) -> int:
    """The height [px] at which a table shows all of its rows, up to 24."""
    return ROW_PX * (1 + min(MOST_ROWS, max(1, len(frame))))


PRODUCTS = {
    "shape": column_config.TextColumn("m x n x k", help="m tokens through a linear layer of n outputs and k inputs"),
    "arithmetic": column_config.TextColumn(
        help="Native: the names of what ran and the device's instructions say that its hardware computes in this "
        "format. Emulated: it was converted first."
    ),
    "p50_us": column_config.NumberColumn("median [µs]", format="%.4g"),
    "p20_us": column_config.NumberColumn("p20 [µs]", format="%.4g"),
    "p80_us": column_config.NumberColumn("p80 [µs]", format="%.4g"),
    "tflops": column_config.NumberColumn("rate [TFLOP/s]", format="%.3g", help="2 m n k over the median"),
    "speedup": column_config.NumberColumn("over bf16 [x]", format="%.3g"),
    "speedup_low": column_config.NumberColumn("low [x]", format="%.3g", help="bf16's p20 over this p80"),
    "speedup_high": column_config.NumberColumn("high [x]", format="%.3g", help="bf16's p80 over this p20"),
    "peak_share": column_config.NumberColumn(
        "of peak", format="percent", help="Of the dense datasheet peak of a device that the devices table holds"
    ),
    "tflops_burst": column_config.NumberColumn(
        "burst [TFLOP/s]", format="%.3g", help="In the 5 ms after a rest: what a short call on a cool GPU reaches"
    ),
    "tflops_sustained": column_config.NumberColumn(
        "sustained [TFLOP/s]", format="%.3g", help="After a second without a pause: what a long run reaches"
    ),
    "tflops_zeros": column_config.NumberColumn(
        "on zeros [TFLOP/s]", format="%.3g", help="With all operands zero, which draws less power; never use it"
    ),
    "power_w": column_config.NumberColumn("power [W]", format="%.0f", help="Median while it was timed, by NVML"),
    "picojoules": column_config.NumberColumn("energy [pJ/FLOP]", format="%.3g"),
    "sm_mhz": column_config.NumberColumn("SM clock [MHz]", format="%.0f", help="Median while it was timed"),
    "temperature_c": column_config.NumberColumn("hottest [°C]", format="%.0f"),
    "slowed_by": column_config.TextColumn("slowed by", help="Why the GPU ran below the clock that it would choose"),
    "relative_error": column_config.NumberColumn(
        "relative error", format="%.2g", help="Frobenius norm, against float64 on the decoded operands"
    ),
    "detail": column_config.TextColumn("what ran"),
}

QUANTIZING = {
    "numbers": column_config.TextColumn("m x k", help="m tokens of k activations in bfloat16"),
    "p50_us": PRODUCTS["p50_us"],
    "p20_us": PRODUCTS["p20_us"],
    "p80_us": PRODUCTS["p80_us"],
    "read_gb_s": column_config.NumberColumn("read [GB/s]", format="%.3g", help="Bytes of bfloat16 taken in a second"),
    "of_copy": column_config.NumberColumn(
        "of a copy", format="percent", help="Over the rate at which the memory copy of the same run reads"
    ),
    "detail": PRODUCTS["detail"],
}

STEP = {
    "how": column_config.TextColumn("measured as", help="One call of the whole pass, or its parts added up"),
    "p50_ms": column_config.NumberColumn("median [ms]", format="%.4g"),
    "p20_ms": column_config.NumberColumn("p20 [ms]", format="%.4g"),
    "p80_ms": column_config.NumberColumn("p80 [ms]", format="%.4g"),
    "over_bf16": column_config.NumberColumn("over bf16 [x]", format="%.3g"),
    "quantizing": column_config.NumberColumn(
        "in quantizing", format="percent", help="Share of the time that quantizing the operands takes"
    ),
}
