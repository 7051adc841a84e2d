"""What a device does at most: rates of arithmetic and bandwidth, and which arithmetic two formats multiply in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.formats import BlockFormat, get_format
from analysis.plans.chips import same_device

# The arithmetic that a width of operands runs in; the first that a device has counts.
_FLOAT_RATES = {4: ("fp4", "fp8", "bf16", "fp16"), 6: ("fp6", "fp8", "bf16", "fp16"), 8: ("fp8", "bf16", "fp16")}
_INTEGER_RATES = {4: ("int4", "int8", "bf16", "fp16"), 8: ("int8", "bf16", "fp16")}
WIDE_RATES = ("bf16", "fp16", "fp32")
# A format as sources print it -> our name of its arithmetic.
_PRINTED = (
    ("bf16", r"BF16"),
    ("fp16", r"FP16$"),
    ("fp8", r"(MX)?FP8"),
    ("fp6", r"(MX)?FP6"),
    ("fp4", r"(MX|NV)?FP4"),
    ("int8", r"INT8"),
    ("fp32", r"FP32"),
)
RATE_COLUMNS = {
    "fp32": "fp32_tflops",
    "fp16": "fp16_tflops",
    "bf16": "bf16_tflops",
    "fp8": "fp8_tflops",
    "fp6": "fp6_tflops",
    "fp4": "fp4_tflops",
    "int8": "int8_tops",
    "int4": "int4_tops",
}


@dataclass(frozen=True)
class Ceilings:
    """What one device does at most: dense rates [TFLOP/s] by arithmetic (bf16, fp8, fp4, int8 …) and bandwidth [GB/s].

    `origin` says where they come from: datasheet, measured …
    """

    rates: Mapping[str, float]
    bandwidth_gb_s: float
    origin: str = "datasheet"

    def rate(self, names: tuple[str, ...]) -> tuple[str, float]:
        """The first of these arithmetics that the device has, and its rate [FLOP/s]. ValueError without any."""
        for name in names:
            if name in self.rates:
                return name, self.rates[name] * 1e12
        raise ValueError(
            f"no rate of {', '.join(names)} is known for this device; choose another one, or probe this one"
        )

    def ridge(self, names: tuple[str, ...]) -> float:
        """The FLOPs per byte from which these arithmetics are no longer bound by memory."""
        return self.rate(names)[1] / (self.bandwidth_gb_s * 1e9)


def datasheet(device: Mapping[str, object]) -> Ceilings:
    """The ceilings in a row of the table `devices`: dense peaks and bandwidth."""
    known = {name: device[column] for name, column in RATE_COLUMNS.items()}
    rates = {name: float(str(rate)) for name, rate in known.items() if not pd.isna(rate)}
    return Ceilings(rates, float(str(device["bandwidth_gb_s"])), f"datasheet peaks of {device['device']}")


def published_rates(measured: pd.DataFrame, device: str) -> dict[str, float]:
    """The best rate [TFLOP/s] by arithmetic in rows of `gemm_measured` of this device; without upper bounds and
    emulation."""
    own = measured[same_device(measured["device"], device) & ~measured["upper_bound"].astype(bool)]
    own = own[~own["caution"].fillna("").str.contains("emulated")]
    names = own["format"].map(lambda printed: next((n for n, p in _PRINTED if re.match(p, printed)), None))
    return {str(name): float(rates.max()) for name, rates in own["tflops"].groupby(names)}


def measured(sheet: Ceilings, rates: Mapping[str, float], bandwidth_gb_s: float | None, origin: str) -> Ceilings:
    """The ceilings with measured rates in the place of the datasheet's, which stay where nothing was measured."""
    return Ceilings({**sheet.rates, **rates}, bandwidth_gb_s or sheet.bandwidth_gb_s, origin)


def arithmetic(weights: str, activations: str) -> tuple[str, ...]:
    """The arithmetics in which weights and activations of these formats multiply, the narrowest first.

    The wider of the two decides (W4A16 multiplies in 16 bits, W4A8 in 8); a device without it takes the next wider.
    """
    wider = max((_kind(activations), _kind(weights)), key=lambda kind: kind[1])
    integer, bits = wider
    table = _INTEGER_RATES if integer else _FLOAT_RATES
    fitting = [width for width in table if bits <= width]
    return table[fitting[0]] if fitting else WIDE_RATES


def _kind(name: str) -> tuple[bool, int]:
    """Whether a format's elements are integers, and their bits; codebooks multiply in 16 bits."""
    if name == "fp32":
        return False, 32
    found = get_format(name)
    element = found.element if isinstance(found, BlockFormat) else found
    integer = element.name.startswith("int")
    float_name = element.name.startswith(("e", "ue", "fp4_afpq"))
    return integer, element.bits if integer or float_name else 16
