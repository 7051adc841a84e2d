"""Which accelerator a name means: sources spell one chip in many ways (H100, H100 80GB, H100 SXM, NVIDIA H100)."""

from __future__ import annotations

import re

import pandas as pd

# The longest name that fits counts: GB200 is not B200, and L40S not L4.
_CHIPS = (
    *("GB300", "GB200", "GH200", "B300", "B200", "H200", "H100", "H800", "A100", "V100", "A6000", "L40S", "L4"),
    *("A10", "T4", "MI355X", "MI325X", "MI300X", "MI250X", "GAUDI 3", "GAUDI 2", "RTX PRO 6000"),
    *("RTX 5090", "RTX 4090", "RTX 3090", "TPU V5E", "TPU V5P", "TPU V6E", "TPU V7X", "TPU V4"),
)
_MEMORY = re.compile(r"(\d+) ?GB")
_FORM = re.compile(r"(SXM|PCIe|NVL)")


def chip(name: str) -> str | None:
    """The chip that a device's name means, in capitals; None for an unknown one."""
    spelled = name.upper()
    return next((c for c in _CHIPS if re.search(rf"(?<![A-Z0-9]){re.escape(c)}(?![0-9])", spelled)), None)


def same_device(names: pd.Series, device: str) -> pd.Series:
    """Which names mean the chip of `device`; names that state another memory size or form are left out."""
    wanted = chip(device)
    found = names.map(lambda name: wanted is not None and chip(name) == wanted).astype(bool)
    for pattern in (_MEMORY, _FORM):
        own = pattern.search(device)
        if own:
            stated = names.str.extract(pattern)[0]
            found &= stated.isna() | (stated == own[1])
    return found
