"""The lower half of the footprint tab: how long a run takes at the published utilization, and what it costs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.laws.flops import TRAINING_FLOPS_PER_PARAM_TOKEN
from analysis.plans.costs import carbon_kg, kwh
from analysis.plans.utilization import Utilization, published_utilization, systems, training_days
from analysis.serving.architecture import Architecture
from analysis.serving.training_memory import Recipe
from pages.ui import footprint_scaling, panels, serving_inputs, serving_money
from pages.ui.figures import words
from pages.ui.session import facts
from results_db import Store

ALL = "all frameworks and runs"
USUAL = (0.25, 0.4, 0.5)  # share of the peak where nothing is published: no source, said so
ARITHMETICS = {"bf16": ("bf16", "fp16"), "fp8": ("fp8", "bf16", "fp16"), "fp4": ("fp4", "fp8", "bf16", "fp16")}
PRECISIONS = {"e4m3": "fp8", "nvfp4": "fp4"}


def draw(store: Store, model: Architecture, hardware: serving_inputs.Hardware, recipe: Recipe, key: str) -> None:
    """Draws tokens and utilization, then days, money, energy and CO2 with their range."""
    st.subheader("How long it takes")
    precision = PRECISIONS.get(recipe.activations, "bf16")
    rate, peak = hardware.ceilings.rate(ARITHMETICS[precision])
    known = _published(facts(store, "training_efficiency"), hardware, rate, peak / 1e12, key)
    tokens, share, price, place = _choose(store, model, hardware, known, rate, key)
    low, high = (known.low, known.high) if known else (USUAL[0], USUAL[2])
    shares = {"slow": min(low, share), "expected": share, "fast": max(high, share)}
    rows = [_row(name, own, model, tokens, hardware, peak / 1e12, price, place) for name, own in shares.items()]
    table = pd.DataFrame(rows)
    expected, slow, fast = (table.set_index("case").loc[name] for name in ("expected", "slow", "fast"))
    count, peak_tflops = hardware.devices.count, peak / 1e12
    flops = TRAINING_FLOPS_PER_PARAM_TOKEN * model.active_params * tokens
    st.success(
        f"**{words(tokens)} tokens** take **{expected['days']:,.3g} days** [{fast['days']:,.3g}, {slow['days']:,.3g}] "
        f"on {count:,} x {hardware.name}: {flops:.3g} FLOPs at {share:.0%} of {peak_tflops:,.0f} TFLOP/s "
        f"({rate}), **{words(expected['USD'])} USD**"
        + ("." if pd.isna(expected["MWh"]) else f", {expected['MWh']:,.3g} MWh, {expected['t CO2']:,.3g} t CO2."),
        icon=":material/schedule:",
    )
    panels.show_table(table, f"{key}.time", _sources(known, hardware, rate, place), COLUMN_FORMATS)
    footprint_scaling.draw(store, hardware.name, "bf16" if rate == "fp16" else rate, key)


COLUMN_FORMATS = {
    name: st.column_config.NumberColumn(format=form)
    for name, form in (
        ("% of peak", "%.3g"),
        ("tokens/s per device", "%.4g"),
        ("days", "%.4g"),
        ("USD", "%.4g"),
        ("MWh", "%.4g"),
        ("t CO2", "%.4g"),
    )
}


def _published(
    rows: pd.DataFrame, hardware: serving_inputs.Hardware, rate: str, peak_tflops: float, key: str
) -> Utilization | None:
    """Draws the choice of a framework and returns what it published on this chip in this precision."""
    precision = "bf16" if rate == "fp16" else rate
    names = systems(rows, hardware.name, precision)
    if not names:
        return None
    chosen = st.selectbox(
        "Utilization published by",
        [ALL, *names],
        key=f"{key}.system",
        bind="query-params",
        help="Frameworks and runs that published a utilization or a rate on this chip in this precision.",
    )
    system = None if chosen == ALL else chosen
    return published_utilization(rows, hardware.name, precision, peak_tflops, system)


def _choose(
    store: Store,
    model: Architecture,
    hardware: serving_inputs.Hardware,
    known: Utilization | None,
    rate: str,
    key: str,
) -> tuple[float, float, float, serving_money.Place]:
    first = st.columns(3)
    start = 20.0 * model.active_params / 1e9  # Hoffmann et al. 2022: about 20 tokens a parameter
    billions = first[0].number_input(
        "Tokens [billions]",
        1e-3,
        1e7,
        float(f"{start:.3g}"),
        format="%.4g",
        key=f"{key}.tokens.{model.name}",
        bind="query-params",
        help="At first 20 tokens per active parameter, the compute-optimal ratio of Hoffmann et al. 2022.",
    )
    percent = first[1].number_input(
        "% of peak (MFU)",
        1.0,
        100.0,
        float(f"{100 * (known.middle if known else USUAL[1]):.3g}"),
        format="%.3g",
        key=f"{key}.mfu.{hardware.name}.{rate}.{known.middle if known else USUAL[1]:.3f}",
        bind="query-params",
        help="Model FLOPs utilization; at first the median that published runs reach on this chip in this precision.",
    )
    with first[2]:
        price = serving_money.choose_price(hardware, key)
    return billions * 1e9, percent / 100, price, serving_money.choose_place(store, key)


def _row(
    name: str,
    share: float,
    model: Architecture,
    tokens: float,
    hardware: serving_inputs.Hardware,
    peak_tflops: float,
    price: float,
    place: serving_money.Place,
) -> dict[str, object]:
    count = hardware.devices.count
    days = float(training_days(model.active_params, tokens, count, peak_tflops, share))
    energy = None
    if hardware.watts is not None:
        energy = kwh(hardware.watts * count * place.draw * place.pue, 24 * days)
    return {
        "case": name,
        "% of peak": 100 * share,
        "tokens/s per device": tokens / (days * 86_400 * count),
        "days": days,
        "USD": price * count * 24 * days,
        "MWh": None if energy is None else energy / 1e3,
        "t CO2": None if energy is None else float(carbon_kg(energy, place.g_per_kwh)) / 1e3,
    }


def _sources(
    known: Utilization | None, hardware: serving_inputs.Hardware, rate: str, place: serving_money.Place
) -> str:
    drawn = f"{hardware.watts:,.0f} W rated" if hardware.watts else "no rated power is known"
    rest = f"6 N D with active parameters; {drawn}, {place.draw:.0%} drawn, PUE {place.pue:.2f}, {place.grid}."
    if known is None:
        return f"No utilization of {hardware.name} in {rate} is published in the store: the range is a guess. {rest}"
    return (
        f"Slow and fast: 10th and 90th percentile of {known.n_models} published models on this chip in {rate} "
        f"({known.n_rows} rows, {', '.join(known.sources)}), model FLOPs without recomputation. {rest}"
    )
