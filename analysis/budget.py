"""From GPUs and days to the best model per scheme: the rate of each format, the optimum, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis.bootstrap import Draws
from analysis.flops import INFERENCE_FLOPS_PER_PARAM_TOKEN
from analysis.frontier import compute_optimal
from analysis.laws.law import Law
from analysis.planner import LOW, SCHEMES, Factors, Scheme, loss_interval
from analysis.speed import SpeedTable, training_speedup

SECONDS_PER_DAY = 86_400.0
COLUMNS = ["scheme", "why_not", "n", "d", "loss", "low", "high", "p_win", "serve_gpu_days"]
ALL_SCHEMES = (Scheme("bf16", "bf16"), *SCHEMES)


@dataclass(frozen=True)
class Hardware:
    """GPUs, the time they are free, and their dense peak rates [TFLOP/s] by format; None where not native.

    `utilization` is the share of the peak that training reaches (MFU), the same for every format; FP4 runs at
    `fp4_speed` times the FP8 rate.
    """

    gpus: int
    days: float
    utilization: float
    bf16_tflops: float | None
    fp8_tflops: float | None
    fp4_tflops: float | None
    fp4_speed: SpeedTable

    def why_not(self, scheme: Scheme) -> str | None:
        """Why a scheme cannot run natively here; None when it can."""
        for name in (scheme.forward, scheme.backward):
            if not getattr(self, f"{name}_tflops"):
                return f"no native {name.upper()} rate is listed for this device"
        return None

    def flops(self) -> float:
        """The training FLOPs the budget buys at the reference rate: FP8, or BF16 where there is no FP8."""
        rate = self.fp8_tflops or self.bf16_tflops or 0.0
        return rate * 1e12 * self.utilization * self.gpus * self.days * SECONDS_PER_DAY

    def speed(self, name: str, n_params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Forward and backward speed of a format over the reference rate, at each model size."""
        if name == LOW:
            return self.fp4_speed.at(n_params)
        rate = getattr(self, f"{name}_tflops") / (self.fp8_tflops or self.bf16_tflops)
        return np.full_like(n_params, rate, dtype=float), np.full_like(n_params, rate, dtype=float)

    def training_speed(self, scheme: Scheme, n_params: np.ndarray) -> np.ndarray:
        """Speed of a whole training step over the reference."""
        return training_speedup(self.speed(scheme.forward, n_params)[0], self.speed(scheme.backward, n_params)[1])


def best_models(
    law: Law,
    values: Mapping[str, float],
    factors: Factors,
    hardware: Hardware,
    draws: Draws | None,
    serve_tokens: float,
) -> pd.DataFrame:
    """One row per scheme: the N and D of lowest loss within the training time, and how they compare.

    Columns: scheme, why_not (a sentence or None), n, d, loss, low, high (95%, at that N and D), p_win, wins,
    serve_gpu_days (2 N per token at the same utilization: a compute-bound lower estimate).
    """
    runnable = [scheme for scheme in ALL_SCHEMES if not hardware.why_not(scheme)]
    chance = win_shares(law, factors, hardware, draws, runnable) if draws else {}
    rows = []
    for scheme in ALL_SCHEMES:
        row: dict[str, Any] = {"scheme": scheme.name, "why_not": hardware.why_not(scheme)}
        if not row["why_not"]:
            row |= _best(law, factors.of(scheme, values), hardware, scheme)
            row["low"], row["high"] = loss_interval(law, factors, draws, scheme, row["n"], row["d"])
            row["p_win"] = chance.get(scheme.name, np.nan)
            per_day = hardware.flops() / hardware.gpus / hardware.days
            forward = float(hardware.speed(scheme.forward, np.array([row["n"]]))[0][0])
            row["serve_gpu_days"] = INFERENCE_FLOPS_PER_PARAM_TOKEN * row["n"] * serve_tokens / (per_day * forward)
        rows.append(row)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.assign(wins=table["loss"] == table["loss"].min())


def win_shares(
    law: Law, factors: Factors, hardware: Hardware, draws: Draws, schemes: Sequence[Scheme]
) -> dict[str, float]:
    """The share of draws under which each scheme's own best model has the lowest loss."""
    losses = np.empty((len(draws), len(schemes)))
    for i in range(len(draws)):
        values = {name: float(numbers[i]) for name, numbers in draws.values.items()}
        losses[i] = [_best(law, factors.of(scheme, values), hardware, scheme)["loss"] for scheme in schemes]
    winners = losses.argmin(1)
    return {scheme.name: float(np.mean(winners == k)) for k, scheme in enumerate(schemes)}


def break_even(
    law: Law, values: Mapping[str, float], factors: Factors, hardware: Hardware, scheme: str = "fp4:fp4"
) -> float | None:
    """The FP4 over FP8 speed-up, same forward and backward, from which `scheme` beats FP8:FP8; None above 16.

    Raises ValueError for hardware without an FP8 rate.
    """
    if reason := hardware.why_not(SCHEMES[0]):
        raise ValueError(reason)
    low_scheme = next(s for s in SCHEMES if s.name == scheme)
    reference = _best(law, factors.of(SCHEMES[0], values), hardware, SCHEMES[0])["loss"]
    speeds = np.geomspace(1.0, 16.0, 241)
    own = factors.of(low_scheme, values)
    forward, backward = (speeds if name == LOW else np.ones(1) for name in (low_scheme.forward, low_scheme.backward))
    losses = compute_optimal(law, own, hardware.flops() * training_speedup(forward, backward))["loss"].to_numpy()
    wins = np.flatnonzero(losses < reference)
    return float(speeds[wins[0]]) if len(wins) else None


def _best(law: Law, values: Mapping[str, float], hardware: Hardware, scheme: Scheme) -> dict[str, float]:
    speed = partial(hardware.training_speed, scheme)
    row = compute_optimal(law, values, np.array([hardware.flops()]), speed).iloc[0]
    return {"n": float(row["n_params"]), "d": float(row["n_tokens"]), "loss": float(row["loss"])}
