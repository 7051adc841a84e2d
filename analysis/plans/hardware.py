"""What a plan has to work with: GPUs, time and rates by format, and what the model must do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from analysis.plans.planner import FP4_BITS, Factors
from analysis.plans.schemes import Precision, Scheme, pairs
from analysis.plans.speed import SpeedTable, constant

SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True)
class Hardware:
    """GPUs, the time they are free, and their dense peak rates [TFLOP/s] by format.

    `utilization` is the share of the peak that training reaches (MFU), the same for every format, and `spread` its
    relative standard deviation.
    """

    gpus: int
    days: float
    utilization: float
    peaks: Mapping[str, float]
    spread: float = 0.0

    @property
    def reference(self) -> str | None:
        """The format whose rate counts as 1: FP8, or BF16 where there is no FP8; None where there is neither."""
        return next((name for name in ("fp8", "bf16") if self.peaks.get(name)), None)

    @property
    def flops(self) -> float:
        """The training FLOPs the budget buys at the reference rate."""
        rate = self.peaks[self.reference] if self.reference else 0.0
        return rate * 1e12 * self.utilization * self.gpus * self.days * SECONDS_PER_DAY

    def precision(self, name: str, bits: float, **facts: Any) -> Precision:
        """A format at its peak over the reference's; with the reason why it cannot run where no peak is listed.

        `facts` are those of Precision; `speeds` among them stand for the ratio of peaks.
        """
        if not self.peaks.get(name) or not self.reference:
            why_not = f"no native {name.upper()} rate is listed for this device"
            return replace(Precision(name, bits, **facts), why_not=why_not)
        ratio = self.peaks[name] / self.peaks[self.reference]
        facts.setdefault("speeds", (constant(ratio, ratio, f"dense peak of {name.upper()}"),))
        return Precision(name, bits, **facts)


def native_schemes(
    hardware: Hardware, factors: Factors, fp4_speeds: tuple[SpeedTable, ...], spread: float = 0.0
) -> tuple[Scheme, ...]:
    """BF16, FP8, FP4 and the mixed schemes of FP8 and FP4 on this hardware: FP4 at one of `fp4_speeds` over FP8.

    `spread` is the relative standard deviation of each format's speed over the reference's.
    """
    low = {"eff_n": factors.forward, "eff_d": factors.backward, "speeds": fp4_speeds, "spread": spread}
    formats = [
        hardware.precision("bf16", 16.0, spread=spread if hardware.reference != "bf16" else 0.0),
        hardware.precision("fp8", 8.0),
        hardware.precision("fp4", FP4_BITS, **low),
    ]
    by_name = {scheme.name: scheme for scheme in pairs(formats, (("fp4", "fp8"), ("fp8", "fp4")))}
    return tuple(by_name[name] for name in ("bf16:bf16", "fp8:fp8", "fp4:fp8", "fp8:fp4", "fp4:fp4"))


@dataclass(frozen=True)
class Wishes:
    """What the model must do: tokens to serve in its life, whether the budget pays for them too, limits.

    `memory_gb` bounds the weights in the format of the forward pass; `n_params` and `n_tokens` are fixed where given.
    """

    serve_tokens: float = 0.0
    serving_paid: bool = False
    memory_gb: float | None = None
    n_params: float | None = None
    n_tokens: float | None = None
