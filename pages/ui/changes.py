"""What would change an answer: the break-even speed, slower kernels, another GPU, another efficiency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.laws import Law
from analysis.plans.budget import break_even
from analysis.plans.hardware import Hardware, Wishes, native_schemes
from analysis.plans.schemes import Scheme, changed
from analysis.plans.search import Search
from analysis.plans.speed import SpeedTable
from pages.ui import panels, speeds
from pages.ui.coefficients import Basis
from pages.ui.figures import words
from pages.ui.hardware import Machine, peaks_of
from pages.ui.session import facts, fingerprint
from pages.ui.speeds import Speeds, fp4_speed
from results_db import Store

LOW = "fp4"
LESS = 0.9
OTHER_GPUS = ("H100 SXM", "H200 SXM", "B200 SXM", "RTX 5090", "MI355X")


def break_even_words(basis: Basis, schemes: Sequence[Scheme], machine: Machine, best: pd.Series) -> str:
    """From which speed FP4 everywhere wins, and which speed is assumed."""
    own = next(scheme for scheme in schemes if scheme.name == f"{LOW}:{LOW}")
    key = fingerprint(basis.key, schemes, machine.hardware, machine.wishes)
    need = _break_even(key, basis, schemes, machine.hardware, machine.wishes)
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
    others = _other_gpus(store, machine.device)
    key = fingerprint(basis.key, schemes, speed.tables, machine.hardware, machine.wishes, others)
    return _what_if(key, basis, schemes, speed.tables, machine.hardware, machine.wishes, others).copy(deep=False)


@st.cache_resource(show_spinner=False, max_entries=64)
def _what_if(
    key: str,
    _basis: Basis,
    _schemes: Sequence[Scheme],
    _tables: tuple[SpeedTable, ...],
    _hardware: Hardware,
    _wishes: Wishes,
    _others: Sequence[tuple[str, dict[str, float], SpeedTable]],
) -> pd.DataFrame:
    slower = [changed(own, LOW, speeds=_slower(_tables)) for own in _schemes]
    less = replace(_hardware, utilization=LESS * _hardware.utilization)
    cases: list[tuple[str, dict[str, float], Sequence[Scheme], Hardware]] = [
        ("nothing changes", _basis.values, _schemes, _hardware),
        ("FP4 runs 10% slower", _basis.values, slower, _hardware),
        ("everything runs 10% slower", _basis.values, _schemes, less),
    ]
    factors = _basis.factors
    for symbol, said in ((factors.forward, "eff_N"), (factors.backward, "eff_D")):
        lower = LESS * _basis.values[symbol]
        cases.append(
            (f"FP4's {said} is 10% lower ({lower:.3f})", {**_basis.values, symbol: lower}, _schemes, _hardware)
        )
    for device, peaks, table in _others:
        there = replace(_hardware, peaks=peaks)
        cases.append((f"the GPUs are {device}", _basis.values, native_schemes(there, factors, (table,)), there))
    rows = [(label, *_winner(_basis.law, own, tried, there, _wishes)) for label, own, tried, there in cases]
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


@st.cache_resource(show_spinner=False, max_entries=128)
def _break_even(
    key: str, _basis: Basis, _schemes: Sequence[Scheme], _hardware: Hardware, _wishes: Wishes
) -> float | None:
    return break_even(_basis.law, _basis.values, _schemes, _hardware, _wishes)


def _other_gpus(store: Store, device: str) -> tuple[tuple[str, dict[str, float], SpeedTable], ...]:
    rows, tables = facts(store, "devices", device=list(OTHER_GPUS)), speeds.published(store)
    others = []
    for row in rows[rows["device"] != device].to_dict("records"):
        peaks = peaks_of(row)
        others.append((row["device"], peaks, fp4_speed(row["device"], peaks, tables)))
    return tuple(others)


def _slower(tables: tuple[SpeedTable, ...]) -> tuple[SpeedTable, ...]:
    return tuple(replace(table, forward=LESS * table.forward, backward=LESS * table.backward) for table in tables)


def show(table: pd.DataFrame) -> None:
    """Draws the table of changes."""
    panels.show_table(table, "planner.what_if")
