"""The planner's third tab: does a model fit, how fast it answers and what that costs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.serving.architecture import Architecture
from analysis.serving.memory import COLUMNS, ServingFormats, by_format
from analysis.serving.serving import Load, Server, largest_batch
from analysis.serving.serving_published import published_reach, reach_range
from pages.ui import figures_memory, panels, serving_answers, serving_loads, serving_said, serving_speed
from pages.ui import serving_inputs as inputs
from pages.ui import serving_money as money
from pages.ui.session import store
from results_db import Store

KEY = "planner.serving"


def serving() -> None:
    """Draws the tab: inputs, the answer in a sentence, then memory, speed, roofline, money, quality, long answers."""
    chosen = inputs.choose_model_and_hardware(store(), KEY, 4)
    if chosen is None:
        return
    model, hardware = chosen
    with st.container():
        third, fourth = st.columns([3, 4], gap="medium")
        with third:
            name, formats = inputs.choose_formats(KEY)
        with fourth:
            load, wanted = choose_load(model)
    reached = published(store(), str(store().path), store().state)
    with st.expander("Ceilings, money and energy", icon=":material/tune:"):
        left, middle, right = st.columns([2, 1, 1])
        with left:
            ceilings = inputs.choose_ceilings(store(), hardware, KEY)
        with middle:
            reach = choose_reach(reached)
            launch_s = choose_launch()
        with right:
            price = money.choose_price(hardware, KEY)
        place = money.choose_place(store(), KEY)
    server = Server(model, formats, hardware.devices, ceilings, reach, launch_s, hardware.links)
    choices = inputs.PRESETS | ({name: formats} if name not in inputs.PRESETS else {})
    most = largest_batch(server, load)
    sequences = min(wanted, most)
    serving_said.answer(server, hardware, load, name, wanted, price, reach_range(reached))
    fit, speed = st.columns(2, gap="large")
    with fit:
        draw_memory(server, choices, load, wanted)
    sweeps = serving_speed.swept(server, choices, load)
    with speed:
        serving_speed.draw_sweep(sweeps, name, server, load, reach_range(reached), len(reached))
    if sequences:
        serving_speed.draw_roofline(server, load, sequences)
    serving_loads.draw(store(), server, load)
    money.draw_costs(sweeps, wanted, hardware, price, place, f"{KEY}.costs")
    serving_answers.draw(store(), server, load)


def choose_load(model: Architecture) -> tuple[Load, int]:
    """Draws what requests look like and how many are in progress at once."""
    longest = model.max_context or 1_000_000
    first, second, third = st.columns(3)
    start = min(1024, longest // 2)
    prompt = first.number_input("Prompt tokens", 1, 10_000_000, start, key=f"{KEY}.prompt", bind="query-params")
    output = second.number_input(
        "Answer tokens", 1, 10_000_000, min(512, longest - start), key=f"{KEY}.output", bind="query-params"
    )
    wanted = third.number_input("Requests at once", 1, 1_000_000, 64, key=f"{KEY}.requests", bind="query-params")
    if prompt + output > longest:
        st.caption(f":material/warning: {model.name} reads at most {longest:,} tokens.")
    return Load(int(prompt), int(output)), int(wanted)


@st.cache_data(show_spinner="Comparing published systems with the roofline", max_entries=4)
def published(_store: Store, place: str, state: tuple[int, int]) -> pd.DataFrame:
    """analysis.serving.serving_published.published_reach of the store's rows, remembered until they change."""
    return published_reach(_store.table("throughput"), _store.table("models"), _store.table("devices"))


def choose_reach(reached: pd.DataFrame) -> float:
    """Draws the share of the ceilings that software reaches; the median of published systems at first."""
    low, middle, high = reach_range(reached)
    return (
        st.number_input(
            "Share of the ceilings, %",
            1,
            100,
            round(100 * middle),
            key=f"{KEY}.reach",
            bind="query-params",
            help=f"The roofline is what hardware allows. {len(reached)} published measurements of serving systems "
            f"reach {low:.0%} to {high:.0%} of it (10th to 90th percentile; QServe, TensorRT-LLM, Atom and QuaRot on "
            "A100 and L40S).",
        )
        / 100
    )


def choose_launch() -> float:
    """Draws the time that the host needs to launch a step's kernels [s]; not counted at first."""
    milliseconds = st.number_input(
        "Launches of a step [ms]",
        0.0,
        1000.0,
        0.0,
        format="%.3g",
        key=f"{KEY}.launch",
        bind="query-params",
        help="What the CPU needs to launch the kernels of one step, the least that a step takes; 0: not counted, as "
        "with CUDA graphs. Crosses in the figure: batches that are bound by it.",
    )
    return float(milliseconds) / 1e3


def draw_memory(server: Server, choices: dict[str, ServingFormats], load: Load, wanted: int) -> None:
    """Draws bytes by part for every choice of formats against the memory of the set."""
    devices = server.devices
    table = by_format(server.model, choices, load.context, wanted, devices)
    fitting = table.loc[table["fits"], "formats"]
    title = f"{len(fitting)} of {len(table)} choices hold {wanted:,} requests of {load.context:,} tokens"
    limits = {f"{devices.usable:.0%} of {devices.count * devices.memory_gb:,.0f} GB": devices.bytes / 1e9}
    panels.show_figure(
        figures_memory.memory_figure(table, "formats", COLUMNS, limits, title),
        f"Memory by part and formats: {title}",
        table,
        f"{KEY}.memory",
        "All devices together. Weights with their scales, embeddings in 16 bits; cache = 2 x layers x KV heads x head "
        "size a token (MLA: its latent), repeated where there are more devices than KV heads; activations of one step, "
        f"own accounting. {1 - devices.usable:.0%} is left to the software, as vLLM does.",
    )
