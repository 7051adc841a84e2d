"""Claims in words: the printed value, the one unit it converts to, what it is compared with, how many bits it has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from pages.ui.figures import words

NOT_STATED = "not stated"
OTHER_BASELINE = "another method or system"
# What a claim is compared with, the first that matches; claims of different kinds are never drawn alike.
BASELINES = {
    "16 bits": r"\bBF16|\bFP16|^16-bit",
    "32 bits": r"\bFP32|^16/32-bit",
    "8 bits": r"\bINT8|\bFP8|^W8A8",
    "full precision or unmodified": r"full.precision|floating.point|unquantized|higher precision|"
    r"^original( model)?$|uncompressed|^unoptimized",
}
HARDWARE = {
    "phone, edge or microcontroller": r"edge|Jetson|Raspberry|phone|MCU|desktop|laptop|on-chip",
    "FPGA, ASIC or simulated accelerator": r"FPGA|ASIC|accelerator|PIM|custom|dedicated|matrix engine|tensor hardware",
    "GPU": r"GPU|NVIDIA|[AHV]\d{2,3}\b|A6000|RTX|GH200|MI250X|CDNA|\bT4\b|DGX",
    "TPU or wafer": r"TPU|Cerebras",
    "CPU": r"CPU|M2-Ultra|Skylake",
}
_WEIGHTS = re.compile(r"\bW(\d+(?:\.\d+)?)")
_NAMED = re.compile(r"(?:INT|FP|NF|BF|\bA)(\d+)|([\d./, ]*\d)(?:-bit| to \w+ bits)")
TERNARY_BITS = 1.58
# How a share in percent reads, by what it is a share of.
_MORE = ("speedup", "throughput_gain", "relative_gain", "score_gain", "online_gain", "ndcg_gain")
_LESS = re.compile(r"_reduction$")


def bits_of(name: Any) -> float:
    """The fewest bits that a claim's format names, of the weights where it says so; NaN where it names none."""
    text = "" if pd.isna(name) else str(name)
    named = _WEIGHTS.findall(text) or ["".join(found) for found in _NAMED.findall(text)]
    bits = [float(number) for listed in named for number in re.findall(r"\d+(?:\.\d+)?", listed)]
    return min([*bits, TERNARY_BITS] if "ternary" in text else bits, default=float("nan"))


def kind_of(text: Any, kinds: Mapping[str, str], other: str) -> str:
    """The first of `kinds` whose pattern a text has, `other` where none does, NOT_STATED for no text."""
    if pd.isna(text) or not str(text):
        return NOT_STATED
    return next((kind for kind, pattern in kinds.items() if re.search(pattern, str(text))), other)


def printed(claim: Mapping[str, Any]) -> str:
    """A claim's value as it is printed: '64% faster', '42% less', '30 to 60M params', '4x'."""
    number, unit = span(claim["value"], claim["value_high"]), claim["unit"]
    if unit == "%":
        metric = str(claim["metric"])
        more = {"speedup": "faster", "throughput_gain": "more"}.get(metric, "more" if metric in _MORE else "")
        return " ".join(filter(None, (f"{number}%", "less" if _LESS.search(metric) else more)))
    return f"{number}x" if unit == "x" else f"{number} {unit}" if pd.notna(unit) else number


def converted(claim: Mapping[str, Any]) -> str:
    """The value in the one unit of its kind, '' where it is printed in that: '1.64x' of 64% faster."""
    unit = claim["normalized_unit"]
    if pd.isna(unit) or claim["unit"] == unit:
        return ""
    number = span(claim["normalized"], claim["normalized_high"], digits=3)
    return f"{number}x" if unit == "x" else f"{number} {unit}"


def span(low: Any, high: Any, digits: int = 12) -> str:
    """One number or a range, as people write counts: '13B', '1B to 13B', '0.07'."""
    ends = [count(float(number), digits) for number in (low, high) if pd.notna(number)]
    return " to ".join(dict.fromkeys(ends))


def count(number: float, digits: int = 12) -> str:
    """A number with a letter of size from a million on, else with as many digits as it has."""
    if abs(number) >= 1e6:
        return words(number, min(digits, 4)) if abs(number) < 1e16 else f"{number:.3g}"
    return f"{number:,.0f}" if abs(number) >= 1e4 else f"{number:.{digits}g}"


def computed(claim: Mapping[str, Any]) -> str:
    """What was computed for a claim, in its printed unit; '' where nothing was."""
    if pd.isna(claim["computed"]):
        return ""
    number, unit = span(claim["computed"], claim["computed_high"], digits=4), claim["unit"]
    return f"{number}{unit}" if unit in ("%", "x") else f"{number} {unit}" if pd.notna(unit) else number
