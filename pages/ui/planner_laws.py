"""The planner's second tab: the same question asked of the other laws, side by side, disagreements marked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.laws import get_law
from analysis.plans.added_losses import added_losses, critical_data
from analysis.plans.other_laws import ANSWERERS, best_bits, outside, sets_of, verdicts
from pages.ui import figures_other_laws, panels
from pages.ui.figures import words
from pages.ui.session import store

SIZES, RATIOS = np.geomspace(3e7, 1e11, 60), np.geomspace(10, 1e4, 60)
APART = 1.5  # a law whose bits differ by more than this factor from the median of all disagrees


def other_laws() -> None:
    """Draws what every law that can answer says of one model, over the map, and after training against in training."""
    coefficients = store().table("law_coefficients")
    n, d = _chosen()
    table = verdicts(coefficients, n, d)
    if table.empty:
        panels.empty_state("The store holds no coefficients of a law that knows bits.")
        return
    _said(table, n, d)
    _maps(coefficients, n, d)
    left, right = st.columns(2, gap="large")
    with left:
        _added(coefficients, n, d)
    with right:
        _critical(coefficients, n)


def _chosen() -> tuple[float, float]:
    left, right, _ = st.columns([1, 1, 2])
    n = left.number_input(
        "Parameters N [billions]", 0.01, 1e4, 1.0, format="%.4g", key="planner.laws_n", bind="query-params"
    )
    d = right.number_input(
        "Tokens D at 16 bits [billions]",
        0.1,
        1e6,
        100.0,
        format="%.4g",
        key="planner.laws_d",
        bind="query-params",
        help="The compute to spend, as the tokens that it buys in 16 bits; in P bits it buys 16/P times as many.",
    )
    return float(n) * 1e9, float(d) * 1e9


def _said(table: pd.DataFrame, n: float, d: float) -> None:
    middle = float(table["bits"].median())
    ratio = np.maximum(table["bits"] / middle, middle / table["bits"])
    apart = ratio >= APART
    answers = ", ".join(f"**{row['law']}** {row['format']}" for row in table.to_dict("records"))
    if not apart.any():
        verdict = f"They agree within a factor of {APART:g}."
    else:
        low, high = table.loc[table["bits"].idxmin(), "law"], table.loc[table["bits"].idxmax(), "law"]
        verdict = f"They disagree: {low} trains in the fewest bits, {high} in the most."
    st.info(
        f"{words(n)} parameters, the compute of {words(d)} tokens at 16 bits: {answers}. {verdict}",
        icon=":material/balance:",
    )
    shown = pd.DataFrame(
        {
            "law": table["law"],
            "trains in": table["format"],
            "loss below its own 16 bits [nats/token]": table["gain"].round(4),
            "disagrees": np.where(apart, [f"{r:.2g}x from the median of the laws" for r in ratio], ""),
            "what has the bits": table["means"],
            "validity": table["validity"],
        }
    )
    panels.show_table(
        shown,
        "planner.laws",
        "Training costs in proportion to its bits, so fewer bits see more tokens. Each law has the coefficients of its "
        "own source; losses of different sources are not comparable, only each law's own choice is.",
    )


def _maps(coefficients: pd.DataFrame, n: float, d: float) -> None:
    size, ratio = np.meshgrid(SIZES, RATIOS, indexing="ij")
    maps, beyond = {}, {}
    for answerer in ANSWERERS:
        if sets := sets_of(answerer.needs, coefficients):
            maps[answerer.title] = best_bits(answerer, sets, size, size * ratio)
            beyond[answerer.title], _ = outside(answerer, size, size * ratio)
    frame = pd.DataFrame({"n_params": size.ravel(), "d_over_n": ratio.ravel()})
    panels.show_figure(
        figures_other_laws.bits_figure(maps, SIZES, RATIOS, beyond, (n, d)),
        "Best bits over tokens per parameter and parameters by each law",
        frame.assign(**{f"bits {title}": bits.ravel() for title, bits in maps.items()}),
        "planner.laws_map",
        "Faint: beyond the runs behind the law. "
        + " ".join(f"{own.title}: {get_law(own.needs[0][0]).title} ({own.needs[0][1]})." for own in ANSWERERS)
        + " Orange is few bits, dark many; the star is your model.",
    )


def _added(coefficients: pd.DataFrame, n: float, d: float) -> None:
    tokens = np.geomspace(1e9, 1e13, 81)
    table = added_losses(coefficients, n, tokens)
    nearest = table[table["n_tokens"] == tokens[np.abs(np.log(tokens / d)).argmin()]]
    after, during = (nearest.loc[nearest["after_training"] == kind, "added"] for kind in (True, False))
    finding = "costs less than" if after.median() < during.median() else "costs more than"
    panels.show_figure(
        figures_other_laws.lines_figure(
            table,
            "n_tokens",
            "added",
            ("training tokens D", "loss added by 4 bits [nats/token]"),
            f"Quantizing after training {finding} training low",
            d,
        ),
        "Loss that four bits add, by law, over training tokens",
        table,
        "planner.laws_added",
        f"At {words(n)} parameters and equal tokens, each law above its own 16 bits (the title compares the medians at "
        "your tokens). Dotted: beyond the runs behind the law. After training: weights only, no cost in training; in "
        "training: the step is faster too, which this figure leaves out.",
    )


def _critical(coefficients: pd.DataFrame, n: float) -> None:
    table = critical_data(coefficients, np.geomspace(3e7, 1e12, 61))
    panels.show_figure(
        figures_other_laws.lines_figure(
            table,
            "n_params",
            "n_tokens",
            ("parameters N", "critical data size [tokens]"),
            "Beyond these tokens more data raise the loss",
            n,
        ),
        "Critical data size over parameters, by law",
        table,
        "planner.laws_critical",
        "Where the loss added by quantization grows faster with data than the rest falls: Kumar et al. 2024 for "
        "weights quantized after training, Sun et al. 2025 for training in floating-point formats with blocks of 32.",
    )
