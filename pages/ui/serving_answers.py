"""The lower half of the serving tab: which width is best for a memory, and what long answers cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.laws import get_law
from analysis.plans.kbit_frontier import at_budgets, best_at_budgets, series
from analysis.serving.memory import bits_per_element
from analysis.serving.serving import Load, Server
from pages.ui import figures_answers, panels
from results_db import Store

KEY = "planner.serving"
FIRST = "gptq_2022"
BUDGETS = 60
BOUNDARY = " Crosses: below the boundary between 2 and 3 bits, where representations change (ParetoQ 2025)."
CACHES = ("bf16", "e4m3_row", "int4_g128")


def draw(store: Store, server: Server, load: Load) -> None:
    """Draws both."""
    left, right = st.columns(2, gap="large")
    with left:
        draw_frontier(store)
    with right:
        draw_answers(server, load)


def draw_frontier(store: Store) -> None:
    """Draws quality against the bytes of the weights by width, of one family measured by one source."""
    place = (str(store.path), store.state)
    found = _names(store, *place)
    if not found:
        panels.empty_state("The store holds no family of models whose quality was measured at several widths.")
        return
    names = sorted(found, key=lambda name: f"({FIRST})" not in name)
    name = st.selectbox(
        "Quality at equal memory: which measurements",
        names,
        key=f"{KEY}.frontier",
        bind="query-params",
        help="One family of models, one task, one source. Is it better to serve a large model in few bits or a small "
        "one in many? Dettmers and Zettlemoyer 2022 found 4 bits best for most.",
    )
    rows = _rows(store, *place, name)
    bits = (rows["n_params"] * rows["weight_bits"]).astype(float)
    budgets = np.geomspace(bits.min(), bits.max(), BUDGETS)
    best = best_at_budgets(rows, budgets)
    lines = at_budgets(rows, np.sort(np.concatenate([budgets, bits.unique()])))
    lines, best = (table.assign(gigabytes=table["total_bits"] / 8e9) for table in (lines, best))
    metric = str(rows["metric"].iloc[0])
    title = _finding(best)
    panels.show_figure(
        figures_answers.frontier_figure(_at_sizes(lines, rows), best, metric, title),
        f"{metric} against gigabytes of weights by width: {title}",
        lines,
        f"{KEY}.kbit",
        f"{len(rows)} measurements, {name}; the best method at each size and width, straight lines between sizes. "
        "Bits as printed: most sources leave scales out. No interval is printed."
        + (BOUNDARY if lines["weight_bits"].min() < figures_answers.FEW_BITS else ""),
    )


@st.cache_data(show_spinner=False, max_entries=4)
def _names(_store: Store, place: str, state: tuple[int, int]) -> list[str]:
    """The series of analysis.plans.kbit_frontier in the store, by name."""
    return list(series(_store.table("quality")))


@st.cache_data(show_spinner=False, max_entries=16)
def _rows(_store: Store, place: str, state: tuple[int, int], name: str) -> pd.DataFrame:
    """The measurements of a series."""
    return series(_store.table("quality"))[name]


def _finding(best: pd.DataFrame) -> str:
    """How often each width is the best one, as a title."""
    if best.empty:
        return "No two widths reach the same memory"
    shares = best["weight_bits"].value_counts(normalize=True)
    return f"{shares.index[0]:g} bits are best at {shares.iloc[0]:.0%} of the memories that several widths reach"


def _at_sizes(lines: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The points of the lines at which something was measured."""
    known = set(zip(rows["weight_bits"], (rows["n_params"] * rows["weight_bits"]).round(), strict=True))
    here = [key in known for key in zip(lines["weight_bits"], lines["total_bits"].round(), strict=True)]
    return lines[here]


def draw_answers(server: Server, load: Load) -> None:
    """Draws what an answer costs in equivalent FLOPs as it grows: parameters, attention and traffic of the cache."""
    model = server.model
    if model.attention == "mla":
        panels.empty_state("The cost law of long answers (Kinetics) is written for key/value heads, not for a latent.")
        return
    intensity = server.ceilings.ridge(("bf16", "fp16"))
    table = answer_costs(server, load, intensity)
    summed = table.pivot_table(index="tokens", columns="part", values="eflops")
    cache = summed[f"cache in {CACHES[0]}"] + summed["attention"]
    title = _crossing((cache > summed["parameters"]).to_numpy(), summed.index.to_numpy())
    panels.show_figure(
        figures_answers.answer_cost_figure(table, title),
        f"Equivalent FLOPs of an answer by its length: {title}",
        table,
        f"{KEY}.answers",
        f"Kinetics (Sadhukhan et al. 2025): FLOPs, and bytes of the cache at {intensity:.0f} FLOPs a byte, what this "
        f"device's bf16 peak and bandwidth exchange; one answer after a prompt of {load.prompt:,} tokens. Reading the "
        "parameters is left out: a large batch shares it. Windows of layers are not in that law.",
    )


def _crossing(passed: np.ndarray, tokens: np.ndarray) -> str:
    """From which length attention and cache cost more than the parameters, as a title."""
    if not passed.any():
        return "The parameters cost more than attention at every length shown"
    first = tokens[passed.argmax()]
    since = "at every length shown" if first == tokens[0] else f"from {first:,.0f} tokens on"
    return f"Attention and a bf16 cache cost more than the parameters {since}"


def answer_costs(server: Server, load: Load, intensity: float) -> pd.DataFrame:
    """Equivalent FLOPs by length of the answer and part: parameters, attention, the cache in each of CACHES."""
    model, law = server.model, get_law("kinetics_cost")
    tokens = np.geomspace(100, 1e6, 81).round()
    x = {
        "n_params": model.active_params,
        "samples": 1.0,
        "prompt_tokens": float(load.prompt),
        "generated_tokens": tokens,
        "query_heads": float(model.n_heads),
        "kv_heads": float(model.n_kv_heads),
        "head_size": float(model.head_dim),
        "layers": float(model.layers),
    }
    values = {"I": intensity}
    compute = law.derive("compute", values, x | {"cache_bits": 16.0})
    parameters = 2 * model.active_params * tokens
    parts = {"parameters": parameters, "attention": compute - parameters}
    for cache in CACHES:
        memory = law.derive("memory", values, x | {"cache_bits": bits_per_element(cache)})
        parts[f"cache in {cache.split('_')[0]}"] = intensity * memory
    return pd.concat(
        [pd.DataFrame({"tokens": tokens, "part": part, "eflops": cost}) for part, cost in parts.items()],
        ignore_index=True,
    )
