"""What the planner's test-time tab asks: which problems, on which device, in which formats, how long the answers."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from analysis.plans.test_time import Answer, Rates, Solver
from analysis.serving.architecture import Architecture, of_row
from analysis.serving.ceilings import Ceilings, arithmetic
from analysis.serving.memory import bits_per_element
from pages.ui import serving_inputs
from pages.ui.session import facts
from results_db import Store

KEY = "planner.test_time"
# Model of a coverage set -> the row of `models` that has its shape.
SHAPES = {
    "Llama-3-8B-Instruct": "Llama 3 8B",
    "Llama-3-70B-Instruct": "Llama 3.1 70B",
    "Gemma-2B": "Gemma 2B",
    "Pythia-12B": "Pythia-12B",
    "Pythia-70M": "Pythia-70M",
}


@dataclass(frozen=True)
class Setting:
    """What was chosen: the models on one task with their widths of formats, the device and the answers."""

    task: str
    solvers: tuple[Solver, ...]
    device: str
    ceilings: Ceilings
    formats: str
    answer: Answer
    cache_read: float
    usd_per_hour: float

    @property
    def usd_per_s(self) -> float:
        """What a second of the device costs [USD]."""
        return self.usd_per_hour / 3600

    @property
    def rates(self) -> Rates:
        """The rates of the chosen formats."""
        return rates_of(self.ceilings, serving_inputs.PRESETS[self.formats], self.cache_read)


def rates_of(ceilings: Ceilings, formats: serving_inputs.ServingFormats, cache_read: float = 1.0) -> Rates:
    """What a device does with these formats: the rate of their arithmetic, its bandwidth, and the cache's bits."""
    _, flops = ceilings.rate(arithmetic(formats.weights, formats.activations))
    return Rates(flops, ceilings.bandwidth_gb_s * 1e9, bits_per_element(formats.cache), cache_read)


def shape_of(model: Architecture) -> dict[str, float]:
    """A model as law kinetics_cost reads it."""
    return {
        "n_params": model.active_params,
        "query_heads": float(model.n_heads),
        "kv_heads": float(model.n_kv_heads),
        "head_size": float(model.head_dim),
        "layers": float(model.layers),
    }


def solvers_by_task(store: Store) -> dict[str, tuple[Solver, ...]]:
    """The published coverage sets whose model the store can size, by task; the task with most models first."""
    sets = facts(store, "law_coefficients", law="coverage")
    rows = facts(store, "models").set_index("model", drop=False)
    found: dict[str, list[Solver]] = {}
    for variant, own in sets.groupby("variant", sort=False):
        name, _, task = str(variant).rpartition(" ")
        if SHAPES.get(name) in rows.index:
            shape = shape_of(of_row(rows.loc[SHAPES[name]].to_dict()))
            values = dict(zip(own["symbol"], own["value"].astype(float), strict=True))
            found.setdefault(task, []).append(Solver(name, values, shape))
    ordered = {task: sorted(own, key=lambda solver: solver.shape["n_params"]) for task, own in found.items()}
    return {task: tuple(ordered[task]) for task in sorted(ordered, key=lambda task: -len(ordered[task]))}


def choose(store: Store) -> Setting | None:
    """Draws the choices; None, with a sentence, when the store holds no coverage law or no device."""
    tasks = solvers_by_task(store)
    first, second = st.columns([2, 3], gap="medium")
    with second:
        hardware = serving_inputs.choose_hardware(store, KEY, 1)
    if not tasks or hardware is None:
        return None
    task = first.selectbox(
        "Problems", list(tasks), key=f"{KEY}.task", bind="query-params",
        help="Tasks of Brown et al. 2024 (llm_monkeys_2024) with a published coverage law for models of known shape.",
    )  # fmt: skip
    third, fourth, fifth, sixth = st.columns(4)
    name = third.selectbox(
        "Served in", list(serving_inputs.PRESETS), key=f"{KEY}.formats", bind="query-params",
        help="Format of weights, activations and cache: it sets the price of a sample. Coverage is that of 16 bits.",
    )  # fmt: skip
    prompt = fourth.number_input("Prompt tokens", 1, 10_000_000, 500, key=f"{KEY}.prompt", bind="query-params")
    tokens = fifth.number_input("Tokens of an answer", 1, 10_000_000, 500, key=f"{KEY}.tokens", bind="query-params")
    read = sixth.number_input(
        "Cache read a step, %", 1, 100, 100, key=f"{KEY}.cache_read", bind="query-params",
        help="Sparse attention reads a part of the key/value cache (Kinetics, kinetics_2025); 100: dense attention.",
    )  # fmt: skip
    price = hardware.price.middle if hardware.price else 1.0
    answer = Answer(float(prompt), float(tokens))
    return Setting(
        str(task), tasks[str(task)], hardware.name, hardware.ceilings, str(name), answer, read / 100, float(price)
    )
