"""How much faster FP4 runs than FP8: chosen on the page or looked up for a device, and said in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from analysis.laws.powers import powers
from analysis.plans.schemes import Scheme, without_factors
from analysis.plans.speed import BOPS, SpeedTable, constant, measured_tables, training_speedup
from pages.ui import calibrating
from pages.ui.coefficients import Basis
from pages.ui.figures import words
from results_db import Store

OF_THE_GPU, ANY, OWN = "of the chosen GPU", "any of the measured tables", "my own speed-ups"
SPREADS = {"exactly": 0.0, "within 5%": 0.05, "within 10%": 0.1, "within 20%": 0.2}
USUAL = "within 10%"


@dataclass(frozen=True)
class Speeds:
    """FP4's speed over FP8: the tables that may hold, the first one used where one number is wanted, and how far the
    speed of a format may be off (a relative standard deviation)."""

    tables: tuple[SpeedTable, ...]
    spread: float

    @property
    def first(self) -> SpeedTable:
        return self.tables[0]

    @property
    def sentence(self) -> str:
        """Where the speeds come from and how sure they are, as a caption."""
        other = f" P(win) draws from {len(self.tables)} measured tables." if len(self.tables) > 1 else ""
        spread = f" P(win) spreads each format's speed by {100 * self.spread:g}%." if self.spread else ""
        return speed_words(self.first) + other + spread


def usual_speeds(store: Store, device: str, peaks: Mapping[str, float]) -> Speeds:
    """The speeds of a device without anybody's choice."""
    return Speeds((fp4_speed(device, peaks, published(store)),), SPREADS[USUAL])


def choose_speeds(store: Store, key: str, device: str, peaks: Mapping[str, float]) -> Speeds:
    """Draws the choice of how much faster FP4 runs than FP8, and how sure that is."""
    measured = published(store)
    own: dict[str, tuple[SpeedTable, ...]] = {OF_THE_GPU: (fp4_speed(device, peaks, measured),), BOPS.name: (BOPS,)}
    own |= {table.name: (table,) for table in measured}
    if len(measured) > 1:
        own[ANY] = tuple(measured)
    name = st.selectbox(
        "FP4 speed over FP8",
        [*own, OWN],
        key=f"{key}.speed",
        bind="query-params",
        help="BOPS: half the bits run twice as fast. Measured: what the paper's kernels reached over its FP8 baseline, "
        "per model size. Different tables use different batches and baselines, so they are never averaged.",
    )
    spread = st.selectbox(
        "which holds",
        list(SPREADS),
        index=list(SPREADS).index(USUAL),
        key=f"{key}.spread",
        bind="query-params",
        help="The relative standard deviation of each format's speed over FP8 in P(win): kernels, shapes and power "
        "limits move throughput.",
    )
    return Speeds(own[name] if name in own else (_entered(key),), SPREADS[str(spread)])


def published(store: Store) -> list[SpeedTable]:
    """The measured speed-ups of FP4 over FP8 by model size: published ones, then those of probes in the store."""
    return _measured(store, str(store.path), store.state)


@st.cache_resource(show_spinner=False, max_entries=16)
def _measured(_store: Store, place: str, state: tuple[int, int]) -> list[SpeedTable]:
    return measured_tables(calibrating.throughput(_store))


def _entered(key: str) -> SpeedTable:
    forward = st.number_input("Forward speed-up", 0.1, 16.0, 2.0, 0.1, key=f"{key}.forward", bind="query-params")
    backward = st.number_input("Backward speed-up", 0.1, 16.0, 2.0, 0.1, key=f"{key}.backward", bind="query-params")
    return constant(forward, backward, f"entered: forward {forward:g}x, backward {backward:g}x")


def speed_words(speed: SpeedTable) -> str:
    """Where a speed-up comes from, as a caption."""
    if not speed.measured:
        return f"Speed-ups: {speed.name}."
    low, high = speed.span
    return (
        f"Speed-ups: {speed.source_id}, {speed.name}, over {speed.reference}, measured for {low / 1e9:.2g}B to "
        f"{high / 1e9:.3g}B parameters (forward {speed.forward.min():.2f} to {speed.forward.max():.2f}x, backward "
        f"{speed.backward.min():.2f} to {speed.backward.max():.2f}x); flat beyond."
    )


def fp4_speed(device: str, peaks: Mapping[str, float], tables: list[SpeedTable]) -> SpeedTable:
    """FP4 over FP8 on a device: measured and published when there is a table for it, else the datasheet's ratio."""
    measured = [table for table in tables if table.name.startswith(device)]
    if measured:
        return measured[-1]
    if {"fp4", "fp8"} <= peaks.keys():
        ratio = peaks["fp4"] / peaks["fp8"]
        return constant(ratio, ratio, f"datasheet peaks of {device}, FP4 {ratio:.2g}x FP8 (not measured)")
    return BOPS


def reason(basis: Basis, schemes: Sequence[Scheme], law_row: pd.Series, rival: pd.Series) -> str:
    """Why one scheme (a row of a plan) beats another: each one's size and data term, where the law has such terms."""
    by_name = {scheme.name: scheme for scheme in schemes}
    sentences, terms = [], []
    for row in (law_row, rival):
        scheme = by_name[row["scheme"]]
        speed = scheme.speed(np.array(row["n"]))
        forward, backward, step = (float(own) for own in (*speed, training_speedup(*speed)))
        eff_n, eff_d = (float(x) for x in scheme.counted(basis.values))
        sentences.append(
            f"**{row['scheme']}**: the forward pass runs {forward:.2f}x, the backward pass {backward:.2f}x, a "
            f"step {step:.2f}x as fast as the reference, buying {words(row['n'])} "
            f"parameters, of which {eff_n:.2f} count ({words(row['n'] * eff_n)}), and {words(row['d'])} tokens, of "
            f"which {eff_d:.2f} count ({words(row['d'] * eff_d)})"
        )
        if found := powers(basis.law, without_factors(basis.values)):
            A, alpha, B, beta = found
            terms.append((A / (row["n"] * eff_n) ** alpha, B / (row["d"] * eff_d) ** beta))
    if not terms:
        return ". ".join(sentences) + "."
    gains = [100 * (theirs / own - 1) for own, theirs in zip(*terms, strict=True)]
    sides = [f"{part} term {abs(gain):.1f}% {'lower' if gain > 0 else 'higher'}" for part, gain in
             zip(("size", "data"), gains, strict=True)]  # fmt: skip
    shares = 100 * terms[0][0] / sum(terms[0])
    return (
        ". ".join(sentences)
        + f". So the winner's {' and its '.join(sides)} than the other's; size makes {shares:.0f}% "
        f"of its sum, data {100 - shares:.0f}%."
    )
