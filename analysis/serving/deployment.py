"""Which format to serve in, by how the model is deployed, from published evaluations and the rates of a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.serving.recovery import summary

FEWEST_FAMILIES = 2  # sources that have to agree before a format is recommended
PEAKS = {
    **dict.fromkeys(("fp8", "e4m3", "e5m2", "mxfp8"), "fp8_tflops"),
    **dict.fromkeys(("fp4", "e2m1", "mxfp4", "nvfp4"), "fp4_tflops"),
    "int8": "int8_tops",
    "int4": "int4_tops",
}
BASE_PEAK = "bf16_tflops"


@dataclass(frozen=True)
class Style:
    """A way to deploy: what it is limited by, which schemes come into question, and what makes one the better.

    `suits(candidate, peaks)` and `rank(candidate, peaks)`, the lowest first, read a row of `candidates`.
    """

    name: str
    limit: str
    suits: Callable[[Mapping[str, Any], Mapping[str, float]], bool]
    rank: Callable[[Mapping[str, Any], Mapping[str, float]], tuple[float, ...]]


def _weight_only(row: Mapping[str, Any], _: Mapping[str, float]) -> bool:
    return row["activation_bits"] >= 16 and row["weight_bits"] < 16


def _fewest_bits(row: Mapping[str, Any], _: Mapping[str, float]) -> tuple[float, ...]:
    return row["stored_bits"], -row["recovery"]


def _native(row: Mapping[str, Any], peaks: Mapping[str, float]) -> bool:
    return row["activation_bits"] < 16 and _rate(row, peaks) > peaks.get(BASE_PEAK, 0.0) > 0


def _fastest(row: Mapping[str, Any], peaks: Mapping[str, float]) -> tuple[float, ...]:
    return -_rate(row, peaks), -row["recovery"]


def _rate(row: Mapping[str, Any], peaks: Mapping[str, float]) -> float:
    """The dense peak at which its products run: that of the wider operand, the activations."""
    return peaks.get(PEAKS.get(str(row["activation_format"]), ""), 0.0)


STYLES = (
    Style(
        "Few requests at a time",
        "bytes of the weights, read for each token",
        _weight_only,
        _fewest_bits,
    ),
    Style(
        "Many requests at a time",
        "arithmetic, at the dense peak of both operands",
        _native,
        _fastest,
    ),
    Style(
        "Small memory",
        "what fits: bits per weight with their scales",
        lambda row, _: row["weight_bits"] < 16,
        _fewest_bits,
    ),
)


def candidates(rows: pd.DataFrame) -> pd.DataFrame:
    """Every scheme of judged rows with its robust recovery [%], its bits and how many sources stand behind it.

    Stored bits are those of the rows that state their block size, else the bits of the weights alone.
    """
    facts = rows.groupby("scheme").agg(
        weight_bits=("weight_bits", "median"),
        activation_bits=("activation_bits", "median"),
        stored_bits=("stored_bits", "median"),
        activation_format=("activation_format", "first"),
    )
    facts["stored_bits"] = facts["stored_bits"].fillna(facts["weight_bits"])
    return summary(rows, ("scheme",)).join(facts, on="scheme").dropna(subset=["weight_bits", "activation_bits"])


def recommended(
    found: pd.DataFrame, style: Style, peaks: Mapping[str, float], keep: float, families: int = FEWEST_FAMILIES
) -> dict[str, Any] | None:
    """The scheme of `candidates` that serves a style best among those that keep at least `keep` [%]; None if none does.

    `peaks` are the dense peaks of the device by column of devices, absent where it does not offer a format. Fewer
    than `families` sources are too few.
    """
    fit = [
        row
        for row in found.to_dict("records")
        if row["n_families"] >= families and row["recovery"] >= keep and style.suits(row, peaks)
    ]
    return min(fit, key=lambda row: style.rank(row, peaks), default=None)
