"""What the planner's serving and footprint tabs ask: which model, on which devices, in which formats, at what price."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.plans.costs import Price, published_price
from analysis.serving.architecture import Architecture, of_row
from analysis.serving.ceilings import Ceilings, datasheet, measured, published_rates
from analysis.serving.links import Links, links_of
from analysis.serving.memory import USABLE, Devices, ServingFormats
from analysis.serving.model_config import read_config
from gpu_probe.rates import datasheet_name
from pages.ui import panels, probe_tables
from pages.ui.session import current, facts
from results_db import Store

DEFAULT_MODEL, OWN_MODEL = "Llama 3.1 70B", "my own (config.json)"
DEFAULT_DEVICE = "H100 SXM"
MOST_CONFIG_BYTES = 1_000_000
# Formats that people serve in: name -> formats. Groups of 128 as GPTQ and AWQ have them; embeddings stay in 16 bits.
PRESETS = {
    "bf16": ServingFormats("bf16", "bf16", "bf16"),
    "fp8 (W8A8)": ServingFormats("e4m3_row", "e4m3_row", "e4m3_row", "bf16"),
    "int8 (W8A8)": ServingFormats("int8_row", "int8_row", "bf16", "bf16"),
    "int4 weights (W4A16)": ServingFormats("int4_g128", "bf16", "bf16", "bf16"),
    "W4A8, cache of 4 bits": ServingFormats("int4_g128", "int8_row", "int4_g128", "bf16"),
    "mxfp4": ServingFormats("mxfp4", "mxfp4", "e4m3_row", "bf16"),
    "nvfp4": ServingFormats("nvfp4", "nvfp4", "e4m3_row", "bf16"),
}
OWN_FORMATS = "my own"
OFFERED = (
    "fp32",
    "bf16",
    "fp16",
    "e4m3_row",
    "int8_row",
    "mxfp8",
    "mxfp6_e2m3",
    "int4_g128",
    "mxfp4",
    "nvfp4",
    "nf4_b64",
)
OFFERED += ("int3_g128", "int2", "ternary")
SHEET, PUBLISHED = "datasheet peaks", "best products others measured"


@dataclass(frozen=True)
class Hardware:
    """A set of devices with its ceilings, draw [W], price of a GPU-hour [USD] and links; None where none is known."""

    name: str
    devices: Devices
    ceilings: Ceilings
    watts: float | None
    price: Price | None
    links: Links | None


def choose_model_and_hardware(store: Store, key: str, count: int) -> tuple[Architecture, Hardware] | None:
    """Draws the choices of a model and of `count` devices at first, side by side; None, with a sentence, without."""
    left, right = st.columns([3, 4], gap="medium")
    with left:
        model = _choose_model(store, key)
    with right:
        hardware = choose_hardware(store, key, count)
    if hardware is None:
        panels.empty_state("The store holds no device with its memory and bandwidth, so nothing can be placed.")
    return (model, hardware) if model and hardware else None


def _choose_model(store: Store, key: str) -> Architecture | None:
    """Draws the choice of a model, of the store or from a config.json; None, with a sentence, when there is none."""
    table = facts(store, "models")
    names = sorted(table["model"], key=lambda name: name != DEFAULT_MODEL)
    chosen = st.selectbox(
        "Model",
        [*names, OWN_MODEL],
        key=f"{key}.model",
        bind="query-params",
        help="Architectures of released models: layers, heads, experts, windows. Choose the last entry to size your "
        "own from its config.json.",
    )
    if chosen == OWN_MODEL:
        return _own_model(key)
    try:
        return of_row(table.set_index("model", drop=False).loc[chosen].to_dict())
    except ValueError as problem:
        st.error(panels.plain(str(problem)), icon=":material/error:")
        return None


def _own_model(key: str) -> Architecture | None:
    dropped = st.file_uploader("config.json", type="json", key=f"{key}.config", max_upload_size=1)
    if dropped is None:
        st.info("Drop the config.json of your model: its counts of layers, heads and experts are all that is read.")
        return None
    content = dropped.getvalue()
    try:
        text = content[: MOST_CONFIG_BYTES + 1].decode("utf-8")
        return read_config(text, dropped.name[:60])
    except ValueError as problem:
        st.error(panels.plain(str(problem)), icon=":material/error:")
        return None


def choose_hardware(store: Store, key: str, count: int) -> Hardware | None:
    """Draws the choice of devices and their number; None when the store holds no device."""
    table = facts(store, "devices")
    table = table[table["memory_gb"].notna() & table["bandwidth_gb_s"].notna()]
    if table.empty:
        return None
    left, right = st.columns([2, 1])
    names = sorted(table["device"], key=lambda name: name != DEFAULT_DEVICE)
    name = left.selectbox("On", names, key=f"{key}.device", bind="query-params")
    number = right.number_input("Devices", 1, 100_000, count, key=f"{key}.devices", bind="query-params")
    row = table.set_index("device", drop=False).loc[name].to_dict()
    watts = None if pd.isna(row["tdp_w"]) else float(row["tdp_w"])
    devices = Devices(int(number), float(row["memory_gb"]), USABLE)
    price = published_price(facts(store, "prices_energy"), str(name))
    return Hardware(str(name), devices, datasheet(row), watts, price, links_of(row))


def choose_ceilings(store: Store, hardware: Hardware, key: str) -> Ceilings:
    """Draws the choice of ceilings: the datasheet's, the best that others measured, or a run of the probe."""
    offered = {SHEET: hardware.ceilings}
    rates = published_rates(facts(store, "gemm_measured"), hardware.name)
    if rates:
        origin = f"best products that others measured ({', '.join(sorted(rates))}), else datasheet"
        offered[PUBLISHED] = measured(hardware.ceilings, rates, None, origin)
    offered |= _probed(store, hardware)
    chosen = st.selectbox(
        "Ceilings",
        list(offered),
        key=f"{key}.ceilings",
        bind="query-params",
        help="What the device does at most: its dense datasheet peaks, the best matrix products that others measured "
        "on it, or your own probe of it. Rates that nobody measured stay those of the datasheet.",
    )
    return offered[chosen]


def _probed(store: Store, hardware: Hardware) -> dict[str, Ceilings]:
    """The ceilings of every run of the probe on this device, by its words."""
    results = current(store, "probe_results")
    found = {}
    for _, run in probe_tables.timed_runs(results).iterrows():
        if not isinstance(run["device"], str) or datasheet_name(run["device"]) != hardware.name:
            continue
        rows = probe_tables.rows_of(results, run)
        products = probe_tables.with_ratios(rows, facts(store, "devices"))
        dense = ~products["kernel"].str.endswith(("_weight", "_sparse"))
        native = products[(products["arithmetic"] == "native") & dense]
        rates = native.assign(name=native["format"].map(_arithmetic)).groupby("name")["tflops"].max()
        own = {str(name): float(rate) for name, rate in rates.items()}
        if own:
            words_of = f"my probe: {probe_tables.run_words(run)}"
            found[words_of] = measured(hardware.ceilings, own, probe_tables.copy_rate(rows), words_of)
    return found


def _arithmetic(name: str) -> str:
    """The arithmetic that a kernel's format runs in."""
    return {"mxfp8": "fp8", "mxfp4": "fp4", "nvfp4": "fp4", "w4a8": "fp8", "fp8_int4": "fp8"}.get(name, name)


def choose_formats(key: str) -> tuple[str, ServingFormats]:
    """Draws the choice of formats: one of PRESETS, or a format for each part; their name and the formats."""
    name = st.selectbox(
        "Served in",
        [*PRESETS, OWN_FORMATS],
        index=1,
        key=f"{key}.formats",
        bind="query-params",
        help="Weights, activations (W4A16: 4-bit weights, 16-bit activations) and the key/value cache. Scales are "
        "counted. Embeddings stay in 16 bits.",
    )
    if name != OWN_FORMATS:
        return name, PRESETS[name]
    parts = {}
    columns = st.columns(4)
    starts = {"weights": "nvfp4", "activations": "e4m3_row", "cache": "e4m3_row", "embeddings": "bf16"}
    for column, (part, start) in zip(columns, starts.items(), strict=True):
        parts[part] = column.selectbox(
            part, OFFERED, index=OFFERED.index(start), key=f"{key}.{part}", bind="query-params"
        )
    return OWN_FORMATS, ServingFormats(**parts)
