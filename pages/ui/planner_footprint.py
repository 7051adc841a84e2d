"""The planner's fourth tab: bytes of training by part and format, and the days, money and energy of a run."""

from __future__ import annotations

import streamlit as st

from analysis.serving import training_memory
from analysis.serving.architecture import Architecture
from analysis.serving.training_memory import COLUMNS, Batch, Cluster, Recipe, by_recipe, by_stage, least_data
from pages.ui import figures_memory, footprint_inputs, footprint_savings, footprint_time, panels
from pages.ui import serving_inputs as inputs
from pages.ui.session import store

KEY = "planner.footprint"
STAGE_WORDS = {0: "plain data parallel", 1: "ZeRO 1", 2: "ZeRO 2", 3: "ZeRO 3"}


def footprint() -> None:
    """Draws the tab: inputs, the answer in a sentence, bytes by sharding and by recipe, days."""
    chosen = inputs.choose_model_and_hardware(store(), KEY, 64)
    if chosen is None:
        return
    model, hardware = chosen
    recipe, cluster, batch = footprint_inputs.choose(hardware, model, KEY)
    if cluster is None:
        return
    answer(model, hardware, recipe, batch, cluster)
    stages, recipes = st.columns(2, gap="large")
    memory = hardware.devices.memory_gb
    with stages:
        draw_stages(model, recipe, batch, cluster, memory)
    with recipes:
        draw_recipes(model, batch, cluster, memory)
    footprint_savings.draw(store(), model, recipe, batch, cluster, memory, KEY)
    footprint_time.draw(store(), model, hardware, recipe, KEY)


def answer(model: Architecture, hardware: inputs.Hardware, recipe: Recipe, batch: Batch, cluster: Cluster) -> None:
    """Says in a sentence whether a device suffices, what takes most, and what would help."""
    parts = training_memory.footprint(model, recipe, batch, cluster)
    total, memory = sum(parts.values()) / 1e9, hardware.devices.memory_gb
    largest = max(parts, key=lambda part: parts[part])
    told = (
        f"Training **{model.name}** with **{recipe.name}** on **{cluster.devices:,} x {hardware.name}** takes "
        f"**{total:,.3g} GB** of each device's {memory:,.0f} GB; its largest part: **{largest}** "
        f"({parts[largest] / 1e9 / total:.0%})."
    )
    if total <= memory:
        st.success(f"{told} It fits.", icon=":material/memory:")
        return
    copies = least_data(model, recipe, batch, cluster, memory)
    helps = (
        f"From {copies * cluster.tensor * cluster.pipeline:,} devices on it would fit."
        if copies
        else "More devices of the same split do not help: shard more (ZeRO), split over more devices (tensor, "
        "pipeline) or recompute activations."
    )
    st.warning(f"{told} It does not fit. {helps}", icon=":material/memory:")


def draw_stages(model: Architecture, recipe: Recipe, batch: Batch, cluster: Cluster, memory_gb: float) -> None:
    """Draws bytes by part for every stage of sharding."""
    table = by_stage(model, recipe, batch, cluster, memory_gb)
    table = table.assign(stage=table["stage"].map(STAGE_WORDS))
    saved = 1 - table["total"].iloc[-1] / table["total"].iloc[0]
    title = f"Sharding everything over {cluster.data:,} copies saves {saved:.0%}"
    panels.show_figure(
        figures_memory.memory_figure(table, "stage", COLUMNS, {f"{memory_gb:,.0f} GB": memory_gb}, title),
        f"Training memory of one device by part and sharding: {title}",
        table,
        f"{KEY}.stages",
        f"One device. {recipe.name}: {recipe.bytes_per_param:g} bytes a parameter ({recipe.source}). ZeRO 1 shards the "
        "optimizer over the data-parallel copies, 2 the gradients too, 3 the weights too (Rajbhandari et al. 2020). "
        "Buffers of communication and fragmentation are not counted.",
    )


def draw_recipes(model: Architecture, batch: Batch, cluster: Cluster, memory_gb: float) -> None:
    """Draws bytes by part for every recipe of formats."""
    table = by_recipe(model, batch, cluster, memory_gb).sort_values("total", ignore_index=True)
    title = f"{table['recipe'].iloc[0]} needs least: {table['total'].iloc[0]:,.3g} GB a device"
    panels.show_figure(
        figures_memory.memory_figure(table, "recipe", COLUMNS, {f"{memory_gb:,.0f} GB": memory_gb}, title),
        f"Training memory of one device by part and recipe: {title}",
        table,
        f"{KEY}.recipes",
        f"{STAGE_WORDS[cluster.stage]}, {batch.sequences} x {batch.length:,} tokens on a device at once, recomputing "
        f"{batch.recomputed}. Activations: the terms of Korthikanti et al. 2022, inputs of products in the recipe's "
        "format, the rest in 16 bits.",
    )
