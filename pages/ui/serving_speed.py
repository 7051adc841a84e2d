"""The speed of the serving tab: tokens per second by batch and formats, and the operations on the roofline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.serving.attention_io import by_cache
from analysis.serving.memory import ServingFormats
from analysis.serving.serving import Load, Server, batches, decode, largest_batch, prefill, sweep, tokens_per_s
from pages.ui import figures_serving, panels
from pages.ui.figures import words

KEY = "planner.serving"
SRAM_KIB = 192


def swept(server: Server, choices: dict[str, ServingFormats], load: Load) -> dict[str, pd.DataFrame]:
    """analysis.serving.serving.sweep of every choice of formats that holds a request."""
    found = {}
    for name, formats in choices.items():
        own = replace(server, formats=formats)
        if most := largest_batch(own, load):
            found[name] = sweep(own, load, batches(most))
    return found


def span(
    server: Server, load: Load, counts: Sequence[int], known: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens per second at each number of requests when the server reaches the lowest and the highest known share."""
    ends = [replace(server, reach=share) for share in (known[0], known[2])]
    low, high = (np.array([tokens_per_s(own, load, count) for count in counts]) for own in ends)
    return low, high


def draw_sweep(
    sweeps: dict[str, pd.DataFrame],
    name: str,
    server: Server,
    load: Load,
    known: tuple[float, float, float],
    n_known: int,
) -> None:
    """Draws tokens per second against requests at once for every choice of formats that fits."""
    if not sweeps:
        panels.empty_state("No choice of formats fits on these devices, so there is no speed to show.")
        return
    best = max(sweeps, key=lambda label: sweeps[label]["tokens_per_s"].max())
    top = sweeps[best]["tokens_per_s"].max()
    title = f"{best} writes most: {words(top)} tokens/s when memory is full"
    rows = pd.concat([table.assign(formats=label) for label, table in sweeps.items()], ignore_index=True)
    band = span(server, load, list(sweeps[name]["sequences"]) if name in sweeps else [], known)
    panels.show_figure(
        figures_serving.sweep_figure(sweeps, name, band, title),
        f"Tokens per second by requests at once: {title}",
        rows,
        f"{KEY}.sweep",
        f"Roofline at {server.reach:.0%} of {server.ceilings.origin}; lines end where memory does. What bounds most of "
        "a decode step: filled dots compute, open ones memory, diamonds links, crosses launches. Prompts are read one "
        "at a time between steps. Band: "
        f"the share that {n_known} published measurements reach.",
    )


def draw_roofline(server: Server, load: Load, sequences: int) -> None:
    """Draws the operations of a decode step and of reading a prompt on the roofline of one device."""
    steps = {f"decoding {sequences:,} requests": decode(load, sequences), "reading one prompt": prefill(load)}
    points = []
    for label, step in steps.items():
        placed = server.placed(step)
        points.append(placed.assign(step=label, share=placed["seconds"] / placed["seconds"].sum()))
    table = pd.concat(points, ignore_index=True)
    launches = {}
    if server.launch_s:
        work = table.groupby("step", sort=False)["flops"].sum() / server.devices.count
        launches = {str(step): flops / server.launch_s / 1e12 for step, flops in work.items()}
    bound = table.assign(own=table["share"].where(table["bound"] == "memory", 0.0)).groupby("step", sort=False)["own"]
    shares = [f"{share:.0%} of {label}" for label, share in bound.sum().items()]
    title = f"Memory bounds {' and '.join(shares)}"
    panels.show_figure(
        figures_serving.roofline_figure(table, server.ceilings, title, launches),
        f"Roofline of one device: {title}",
        table,
        f"{KEY}.roofline",
        f"Ceilings: {server.ceilings.origin}, {server.ceilings.bandwidth_gb_s:,.0f} GB/s, at full reach. Each dot is "
        "one kind of operation over all layers; its area is its share of the step. Weights, inputs and outputs of a "
        "product move once; attention reads the cache once."
        + (" Dotted: what the host can launch, a step's FLOPs over its launch time." if launches else ""),
    )
    with st.expander("What attention moves with a small on-chip memory", icon=":material/memory_alt:"):
        draw_attention(server, load)


def draw_attention(server: Server, load: Load) -> None:
    """Draws what exact attention over a prompt moves by on-chip memory, each twice the one before."""
    size = st.number_input(
        "On-chip memory M [KiB]", 32, 1_000_000, SRAM_KIB, key=f"{KEY}.sram", bind="query-params",
        help="Of one multiprocessor; 192 KB on an A100 (FlashAttention, arXiv 2205.14135, section 2.1).",
    )  # fmt: skip
    try:
        table = by_cache(server.model, load.prompt, [size * 2**i for i in range(4)], server.ceilings)
    except ValueError as problem:
        st.warning(f"{problem}.", icon=":material/error:")
        return
    panels.show_table(
        table,
        f"{KEY}.attention",
        f"A prompt of {load.prompt:,} tokens, all heads and layers, 16 bits: N² d² / M elements a head, so twice the "
        "memory halves the traffic, until every query, key, value and output moves once (attention_io_2024; no exact "
        "algorithm moves less from M = d² on). The roofline counts them once.",
        {
            "cache_kib": st.column_config.NumberColumn("on-chip memory [KiB]"),
            "gigabytes": st.column_config.NumberColumn("moved [GB]", format="%.4g"),
            "flops_per_byte": st.column_config.NumberColumn("FLOPs per byte", format="%.4g"),
            "bound": "bound by",
        },
    )
