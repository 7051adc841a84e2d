"""Ratios derived from stored times on read: TFLOP/s, GB/s, speed-up with its interval, share of the peak."""

from __future__ import annotations

import re

# Which datasheet column (TFLOP/s, dense) is the ceiling of a format.
PEAK_COLUMNS = {
    "fp32": "fp32_tflops",
    "tf32": "tf32_tflops",
    "fp16": "fp16_tflops",
    "bf16": "bf16_tflops",
    "fp8": "fp8_tflops",
    "mxfp8": "fp8_tflops",
    "mxfp4": "fp4_tflops",
    "nvfp4": "fp4_tflops",
    "int8": "int8_tops",
    "int4": "int4_tops",
    "w4a8": "fp8_tflops",
    "fp8_int4": "fp8_tflops",
}

# Bits that an operand's element takes in memory with its share of a block's scale: activations, weights.
OPERAND_BITS = {
    "fp32": (32.0, 32.0),
    "tf32": (32.0, 32.0),
    "fp16": (16.0, 16.0),
    "bf16": (16.0, 16.0),
    "fp8": (8.0, 8.0),
    "mxfp8": (8.25, 8.25),
    "mxfp4": (4.25, 4.25),
    "nvfp4": (4.5, 4.5),
    "int8": (8.0, 8.0),
    "int4": (4.25, 4.25),
    "int3": (3.0, 3.0),
    "int2": (2.0, 2.0),
    "int1": (1.0, 1.0),
    "w4a8": (8.25, 4.25),
    "fp8_int4": (8.0, 4.125),
}
WIDE_RESULTS = ("fp32", "tf32", "int8")  # in 32 bits; all others are bfloat16 or float16

# torch's device name -> the name in the datasheet table; a name that fits none is not compared with any.
_DATASHEET_NAMES = (
    (r"GH200 (120GB|480GB)", "GH200 96GB"),
    (r"H100 PCIe", "H100 PCIe"),
    (r"H100 80GB HBM3|H100 SXM", "H100 SXM"),
    (r"\bH200\b(?! NVL)", "H200 SXM"),
    (r"\bGB300\b", "GB300 (per GPU)"),
    (r"\bGB200\b", "GB200 (per GPU)"),
    (r"\bB300\b", "B300 SXM"),
    (r"\bB200\b", "B200 SXM"),
    (r"A100-SXM4?-80GB", "A100-80GB SXM"),
    (r"A100-SXM4?-40GB", "A100-40GB SXM"),
    (r"\bL40S\b", "L40S"),
    (r"\bL4\b", "L4"),
    (r"\bA10\b", "A10"),
    (r"\bT4\b", "T4"),
    (r"RTX PRO 6000 Blackwell(?! Max-Q)", "RTX PRO 6000 Blackwell"),
    (r"RTX 5090(?! D| Laptop)", "RTX 5090"),
    (r"RTX 4090(?! D| Laptop)", "RTX 4090"),
    (r"RTX 3090(?! Ti)", "RTX 3090"),
    (r"MI300X", "MI300X"),
    (r"MI325X", "MI325X"),
    (r"MI355X", "MI355X"),
)


def datasheet_name(device: str) -> str | None:
    """The device's name in the datasheet table, None when no row of it is surely this device.

    A MIG slice reports its GPU's name and has a part of its units, and half an MI250X is a device of its own:
    neither has a row.
    """
    if " MIG " in device:
        return None
    return next((known for pattern, known in _DATASHEET_NAMES if re.search(pattern, device)), None)


def peak_format(kernel: str, format: str) -> str:
    """The format whose peak bounds a kernel's rate: bf16 for kernels that only store their weights in fewer bits."""
    return "bf16" if kernel.endswith("_weight") else format


def tflops(m: int, n: int, k: int, time_us: float) -> float:
    """Rate of a matrix product in TFLOP/s (TOP/s for integers): 2 m n k operations in that time."""
    return 2.0 * m * n * k / time_us / 1e6


def intensity(kernel: str, format: str, m: int, n: int, k: int) -> float:
    """Operations of a product per byte that it must move: both operands read and the result written, once each."""
    activations, weights = OPERAND_BITS[format]
    only_weights = kernel.endswith("_weight")
    result = 32 if format in WIDE_RESULTS and not only_weights else 16
    bits = m * k * (16.0 if only_weights else activations) + n * k * weights + m * n * result
    return 2.0 * m * n * k / (bits / 8)


def picojoules_per_operation(m: int, n: int, k: int, time_us: float, power_w: float) -> float:
    """Energy of one of the 2 m n k operations of a product that takes that time at that power, in pJ."""
    return power_w * time_us * 1e6 / (2.0 * m * n * k)


def copy_gb_per_s(rows: int, columns: int, time_us: float) -> float:
    """Bytes read plus bytes written by a copy of a bf16 matrix, in GB/s."""
    return 2 * 2 * rows * columns / time_us / 1e3


def speedup(time_us: tuple[float, float, float], baseline_us: tuple[float, float, float]) -> tuple[float, float, float]:
    """(low, middle, high) of baseline over time, each given as (p20, p50, p80) of the same run and shape.

    Low pairs the slow end of one with the fast end of the other, so the interval is at least as wide as p20-p80.
    """
    return baseline_us[0] / time_us[2], baseline_us[1] / time_us[1], baseline_us[2] / time_us[0]
