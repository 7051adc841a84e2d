"""How much of a device's peak training reaches: what runs on the chip have published, and in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.plans.utilization import Utilization, published_utilization
from pages.ui.glossary import help_for
from pages.ui.session import facts
from results_db import Store

FALLBACK = 40.0  # % of the peak where nothing is published for a device
NORMAL_80 = 2.563  # standard deviations between the 10th and the 90th percentile
SHARE_HELP = (
    f"MFU, the share of the dense peak that training reaches, the same for every format. {help_for('MFU')} The "
    "default is the median that runs on this chip in BF16 have published, one value per source and model; their 10th "
    "to 90th percentile goes into the intervals."
)


def published_share(store: Store, device: object, peaks: dict[str, float]) -> Utilization | None:
    """What published runs on this chip of the datasheet in BF16 reached, as shares of the BF16 peak of `peaks`, which
    may be a measured one; None without any."""
    rows = facts(store, "devices", device=[str(device)])
    listed = float(rows["bf16_tflops"].iloc[0]) if len(rows) else np.nan
    if "bf16" not in peaks or np.isnan(listed):
        return None
    found = _share(facts(store, "training_efficiency", metric=["mfu", "tflops_per_gpu"]), str(device), listed)
    if found is None:
        return None
    scale = listed / peaks["bf16"]
    ends = {name: min(1.0, scale * getattr(found, name)) for name in ("low", "middle", "high")}
    return replace(found, **ends)


@st.cache_data(
    show_spinner=False, max_entries=64, hash_funcs={pd.DataFrame: lambda rows: (len(rows), rows["value"].sum())}
)
def _share(rows: pd.DataFrame, device: str, peak: float) -> Utilization | None:
    return published_utilization(rows, device, "bf16", peak)


def utilization_words(percent: float, known: Utilization | None) -> str:
    """The utilization used, beside what runs on the chip have published."""
    if known is None:
        return f"Utilization {percent:g}% of the dense peak: no run on this chip is published, so it is a guess."
    return (
        f"Utilization {percent:g}% of the dense peak; published on this chip in BF16: median "
        f"{100 * known.middle:.0f}%, 10th to 90th percentile {100 * known.low:.0f} to {100 * known.high:.0f}% of "
        f"{known.n_models} models ({', '.join(known.sources[:3])}{' …' if len(known.sources) > 3 else ''}); that "
        "spread is in the intervals."
    )
