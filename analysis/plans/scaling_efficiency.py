"""How the rate of a device holds up as more of them train together, from published runs of one set-up."""

from __future__ import annotations

import pandas as pd

from analysis.plans.utilization import fitting

SERIES = ["source_id", "system", "model"]
LEAST = 3  # numbers of devices that a series needs
COLUMNS = ["series", "n_devices", "tflops", "efficiency"]


def scaling(rows: pd.DataFrame, device: str, precision: str) -> pd.DataFrame:
    """The rate of each device [TFLOP/s] by how many train together, and its share of that at the fewest (COLUMNS).

    From rows of `training_efficiency` of metric tflops_per_gpu on this chip in this precision (bf16, fp8 or fp4), one
    series per source, framework and model with at least LEAST numbers of devices; the best set-up at each number.
    Batches may grow with the devices or not: sources differ, so this is neither weak nor strong scaling alone.
    """
    own = fitting(rows, device, precision)
    own = own[(own["metric"] == "tflops_per_gpu") & own["n_devices"].notna()]
    parts = []
    for key, group in own.groupby(SERIES, sort=True):
        best = group.groupby("n_devices")["value"].max()
        if len(best) >= LEAST:
            source, system, model = key
            parts.append(
                pd.DataFrame(
                    {
                        "series": f"{model}, {system} ({source})",
                        "n_devices": best.index.to_numpy(float),
                        "tflops": best.to_numpy(float),
                        "efficiency": best.to_numpy(float) / float(best.iloc[0]),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
