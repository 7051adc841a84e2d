"""The overview's sentence of inputs, GPUs, days and tokens to serve, and what can be trained on them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.bootstrap import Draws
from analysis.budget import Hardware, best_models
from analysis.laws import get_law
from analysis.planner import SCHEMES, Factors
from analysis.speed import measured_tables
from pages.ui.coefficients import Basis
from pages.ui.session import in_worker
from pages.ui.speeds import fp4_speed

DEFAULT_DEVICE = "B200 SXM"


def choose_hardware(devices: pd.DataFrame, throughput: pd.DataFrame) -> tuple[Hardware, float, str]:
    """Draws the sentence of inputs; returns the hardware, the tokens to serve and the device's name."""
    gpus, kind, days, served, share = st.columns([1, 2, 1, 1.3, 1.2], vertical_alignment="bottom")
    count = gpus.number_input("I have (GPUs)", 1, 1_000_000, 64, key="overview.gpus", bind="query-params")
    names = sorted(devices["device"], key=lambda name: name != DEFAULT_DEVICE)
    device = kind.selectbox("of this kind", names, key="overview.device", bind="query-params")
    length = days.number_input("for (days)", 0.1, 3650.0, 14.0, key="overview.days", bind="query-params", format="%.4g")
    tokens = served.number_input(
        "and will serve (T tokens)",
        0.0,
        1e6,
        1.0,
        key="overview.serve",
        bind="query-params",
        format="%.4g",
        help="Tokens generated or read over the model's life, in trillions; shown as GPU-days per scheme.",
    )
    utilization = share.number_input(
        "at % of peak",
        1.0,
        100.0,
        40.0,
        key="overview.mfu",
        bind="query-params",
        format="%.4g",
        help="Model FLOPs utilization: the share of the dense peak that training reaches. 35 to 50% is usual for large "
        "BF16 runs; the same share is assumed for every format.",
    )
    row = devices.set_index("device").loc[device]
    rates = {name: _rate(row[f"{name}_tflops"]) for name in ("bf16", "fp8", "fp4")}
    hardware = Hardware(
        int(count),
        float(length),
        utilization / 100,
        rates["bf16"],
        rates["fp8"],
        rates["fp4"],
        fp4_speed(str(device), rates, measured_tables(throughput)),
    )
    return hardware, float(tokens) * 1e12, str(device)


def best_models_of(basis: Basis, hardware: Hardware, serve_tokens: float) -> pd.DataFrame:
    """Every scheme's best model on this hardware (analysis.budget.best_models), remembered per choice."""
    draws = basis.draws.values if basis.draws else None
    factors = (basis.factors.forward, basis.factors.backward)
    return _best_models(basis.law.name, basis.values, factors, hardware, draws, serve_tokens)


@st.cache_data(show_spinner="Sizing every scheme's best model", max_entries=64)
def _best_models(
    law: str,
    values: dict[str, float],
    factors: tuple[str, str],
    hardware: Hardware,
    draws: dict[str, np.ndarray] | None,
    serve_tokens: float,
) -> pd.DataFrame:
    own = Draws(get_law(law), draws) if draws else None
    return in_worker(best_models, get_law(law), values, Factors(*factors), hardware, own, serve_tokens)


def _rate(value: float) -> float | None:
    return float(value) if pd.notna(value) and value > 0 else None


def peak_words(hardware: Hardware) -> str:
    """The dense peaks that a plan uses."""
    rates = {"BF16": hardware.bf16_tflops, "FP8": hardware.fp8_tflops, "FP4": hardware.fp4_tflops}
    return ", ".join(f"{name} {rate:g} TFLOP/s" if rate else f"no {name}" for name, rate in rates.items())


def missing_fp4(hardware: Hardware) -> str | None:
    """Why FP4 cannot run natively on this hardware; None when it can."""
    return hardware.why_not(SCHEMES[-1])
