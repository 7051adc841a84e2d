"""What would change an answer: the break-even speed, slower kernels, another GPU, another efficiency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.laws import Law, get_law
from analysis.plans.budget import Search, break_even
from analysis.plans.hardware import Hardware, Wishes, native_schemes
from analysis.plans.planner import Factors
from analysis.plans.schemes import Scheme, changed
from analysis.plans.speed import SpeedTable, measured_tables
from pages.ui.coefficients import Basis
from pages.ui.figures import words
from pages.ui.hardware import Machine, peaks_of
from pages.ui.session import facts
from pages.ui.speeds import Speeds, fp4_speed
from results_db import Store

LOW = "fp4"
LESS = 0.9
OTHER_GPUS = ("H100 SXM", "H200 SXM", "B200 SXM", "RTX 5090", "MI355X")


def break_even_words(basis: Basis, schemes: Sequence[Scheme], machine: Machine, best: pd.Series) -> str:
    """From which speed FP4 everywhere wins, and which speed is assumed."""
    own = next(scheme for scheme in schemes if scheme.name == f"{LOW}:{LOW}")
    need = _break_even(basis.law.name, basis.values, tuple(schemes), machine.hardware, machine.wishes)
    forward, backward = (float(gain) for gain in own.speed(best["n"]))
    found = (
        f"FP4:FP4 beats every scheme without FP4 here from **{need:.2f}x** the reference's speed; "
        if need
        else "FP4:FP4 does not win here at any speed up to 16x; "
    )
    missing = f", but {own.why_not}" if own.why_not else ""
    return f"{found}assumed are {forward:.2f}x forward and {backward:.2f}x backward{missing}."


def what_if(store: Store, basis: Basis, schemes: Sequence[Scheme], speed: Speeds, machine: Machine) -> pd.DataFrame:
    """One change a row: what changes, the winner, its n, d and loss; the answer itself comes first."""
    factors = (basis.factors.forward, basis.factors.backward)
    others = _other_gpus(store, machine.device)
    return _what_if(
        basis.law.name, basis.values, factors, tuple(schemes), speed.tables, machine.hardware, machine.wishes, others
    )


@st.cache_data(show_spinner=False, max_entries=64)
def _what_if(
    law: str,
    values: dict[str, float],
    factors: tuple[str, str],
    schemes: tuple[Scheme, ...],
    tables: tuple[SpeedTable, ...],
    hardware: Hardware,
    wishes: Wishes,
    others: tuple[tuple[str, dict[str, float], SpeedTable], ...],
) -> pd.DataFrame:
    cases: list[tuple[str, dict[str, float], Sequence[Scheme], Hardware]] = [
        ("nothing changes", values, schemes, hardware),
        ("FP4 runs 10% slower", values, [changed(own, LOW, speeds=_slower(tables)) for own in schemes], hardware),
        ("everything runs 10% slower", values, schemes, replace(hardware, utilization=LESS * hardware.utilization)),
    ]
    for symbol, said in zip(factors, ("eff_N", "eff_D"), strict=True):
        lower = LESS * values[symbol]
        cases.append((f"FP4's {said} is 10% lower ({lower:.3f})", {**values, symbol: lower}, schemes, hardware))
    for device, peaks, table in others:
        there = replace(hardware, peaks=peaks)
        cases.append((f"the GPUs are {device}", values, native_schemes(there, Factors(*factors), (table,)), there))
    rows = [(label, *_winner(get_law(law), own, tried, there, wishes)) for label, own, tried, there in cases]
    return pd.DataFrame(rows, columns=["if", "wins", "parameters", "tokens", "loss [nats/token]"])


def _winner(
    law: Law, values: dict[str, float], schemes: Sequence[Scheme], hardware: Hardware, wishes: Wishes
) -> tuple[str, str, str, float | None]:
    found = [(own.name, Search(law, values, own, hardware, wishes).best()) for own in schemes if not own.why_not]
    possible = [(name, best) for name, best in found if np.isfinite(best["loss"][0])]
    if not possible:
        return "nothing", "", "", None
    name, best = min(possible, key=lambda pair: pair[1]["loss"][0])
    return name, words(float(best["n"][0])), words(float(best["d"][0])), round(float(best["loss"][0]), 4)


@st.cache_data(show_spinner=False, max_entries=128)
def _break_even(
    law: str, values: dict[str, float], schemes: tuple[Scheme, ...], hardware: Hardware, wishes: Wishes
) -> float | None:
    return break_even(get_law(law), values, schemes, hardware, wishes)


def _other_gpus(store: Store, device: str) -> tuple[tuple[str, dict[str, float], SpeedTable], ...]:
    rows, tables = (
        facts(store, "devices", device=list(OTHER_GPUS)),
        measured_tables(facts(store, "throughput", metric="speedup")),
    )
    others = []
    for row in rows[rows["device"] != device].to_dict("records"):
        peaks = peaks_of(row)
        others.append((row["device"], peaks, fp4_speed(row["device"], peaks, tables)))
    return tuple(others)


def _slower(tables: tuple[SpeedTable, ...]) -> tuple[SpeedTable, ...]:
    return tuple(replace(table, forward=LESS * table.forward, backward=LESS * table.backward) for table in tables)


def show(table: pd.DataFrame) -> None:
    """Draws the table of changes."""
    st.dataframe(table, hide_index=True, key="planner.what_if", alt="What would change the answer", width="stretch")
