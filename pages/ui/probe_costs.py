"""What a product in few bits pays beside itself: the measured cost of quantizing."""

from __future__ import annotations

import pandas as pd

from gpu_probe.kernels import KERNELS
from gpu_probe.rates import copy_gb_per_s
from gpu_probe.result import Status
from pages.ui.probe_tables import TIMES, copy_rate

QUANTIZE_COLUMNS = ("format", "kernel", "numbers", *TIMES, "read_gb_s", "of_copy", "detail")


def quantizations(rows: pd.DataFrame) -> pd.DataFrame:
    """What quantizing cost in a run: per kernel the median and its span, the bfloat16 bytes read a second, the error.

    `of_copy` is that rate over the rate at which the run's copy read memory, missing without one.
    """
    names = [name for name, kernel in KERNELS.items() if kernel.decoded is not None]
    found = rows[(rows["status"] == Status.OK) & rows["kernel"].isin(names)].dropna(subset=["m", "k"])
    copied = copy_rate(rows)
    lines = []
    for row in found.to_dict("records"):
        read = copy_gb_per_s(int(row["m"]), int(row["k"]), row["p50_us"]) / 2  # a copy writes as much as it reads
        shape = f"{int(row['m'])} x {int(row['k'])}"
        facts = {name: row[name] for name in ("kernel", "format", *TIMES, "detail")}
        lines.append(facts | {"numbers": shape, "read_gb_s": read, "of_copy": read / (copied / 2) if copied else None})
    return pd.DataFrame(lines, columns=QUANTIZE_COLUMNS)
