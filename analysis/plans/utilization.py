"""How much of the peak a training run reaches, and how long it then takes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.laws.flops import training_flops
from analysis.plans.chips import same_device

SECONDS_PER_DAY = 86_400.0
QUANTILES = (0.1, 0.5, 0.9)
# A precision as sources print it -> the peak that its utilization divides by.
_PRECISIONS = (("fp4", r"FP4"), ("fp8", r"FP8"), ("bf16", r"BF16|FP16"))


@dataclass(frozen=True)
class Utilization:
    """Shares of the dense peak: 10th percentile, median, 90th percentile, of one value per source and model."""

    low: float
    middle: float
    high: float
    n_models: int
    n_rows: int
    sources: tuple[str, ...]


def tflops_per_gpu(total_pflops: float, gpus: int) -> float:
    """The rate of one GPU [TFLOP/s] of a cluster that reaches `total_pflops` [PFLOP/s] in all.

    502 PFLOP/s on 3,072 A100 are 163 TFLOP/s, 52% of 312 (Narayanan et al. 2021, arXiv 2104.04473, table 1).
    """
    return total_pflops * 1e3 / gpus


def training_days(
    n_params: np.ndarray | float, n_tokens: np.ndarray | float, gpus: int, peak_tflops: float, share: np.ndarray | float
) -> np.ndarray:
    """Days that 6 N D FLOPs take on `gpus` at `share` of their dense peak [TFLOP/s].

    N counts the parameters that a token passes through. Narayanan et al. 2021, equation 4, has 8 in the place of 6,
    since it counts recomputation.
    """
    flops = training_flops(np.asarray(n_params, float), np.asarray(n_tokens, float))
    return flops / (gpus * peak_tflops * 1e12 * np.asarray(share, float)) / SECONDS_PER_DAY


def precision_class(printed: str) -> str | None:
    """bf16, fp8 or fp4 for a precision as printed, such as FP8-MX or BF16/FP16; None for others."""
    return next((name for name, pattern in _PRECISIONS if re.search(pattern, printed.upper())), None)


def published_utilization(
    rows: pd.DataFrame, device: str, precision: str, peak_tflops: float, system: str | None = None
) -> Utilization | None:
    """What rows of `training_efficiency` reached on this chip in this precision (bf16, fp8 or fp4); None without any.

    Model FLOPs only, without recomputation: rows of metric mfu as printed, and tflops_per_gpu over `peak_tflops`
    of sources that print no mfu. Best cases and rows of corrected mistakes are left out; `system` is one framework.
    """
    own = fitting(rows, device, precision)
    own = own if system is None else own[own["system"] == system]
    printed = own[own["metric"] == "mfu"]
    rates = own[(own["metric"] == "tflops_per_gpu") & ~own["source_id"].isin(printed["source_id"])]
    shares = pd.concat(
        [printed.assign(share=printed["value"] / 100), rates.assign(share=rates["value"] / peak_tflops)]
    ).query("share <= 1")
    if shares.empty:
        return None
    models = shares.groupby(["source_id", "model"])["share"].median()
    low, middle, high = (float(models.quantile(q)) for q in QUANTILES)
    return Utilization(low, middle, high, len(models), len(shares), tuple(sorted(shares["source_id"].unique())))


def systems(rows: pd.DataFrame, device: str, precision: str) -> list[str]:
    """The frameworks and runs that published a utilization or a rate on this chip in this precision."""
    own = fitting(rows, device, precision)
    return sorted(own.loc[own["metric"].isin(["mfu", "tflops_per_gpu"]), "system"].unique())


def fitting(rows: pd.DataFrame, device: str, precision: str) -> pd.DataFrame:
    """The rows of `training_efficiency` on this chip in this precision: model FLOPs, no best cases, none corrected."""
    own = rows[same_device(rows["device"], device) & (rows["flops_counted"].fillna("model") == "model")]
    own = own[own["precision"].fillna("").map(precision_class) == precision]
    return own[~own["caution"].fillna("").str.contains("best_case|before_correction|attention_counted_in_full")]
