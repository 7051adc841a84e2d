"""What would change an answer: the break-even speed, slower kernels, another GPU, another efficiency."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from analysis.budget import Hardware, best_models, break_even, native_schemes
from analysis.schemes import Scheme, changed
from pages.ui.coefficients import Basis
from pages.ui.figures import words
from pages.ui.hardware import Machine
from pages.ui.speeds import Speeds, usual_speeds
from results_db import Store

LOW = "fp4"
SLOWER = 0.9
LESS = 0.9
OTHER_GPUS = ("H100 SXM", "H200 SXM", "B200 SXM", "RTX 5090", "MI355X")


def break_even_words(basis: Basis, schemes: Sequence[Scheme], machine: Machine, best: pd.Series) -> str:
    """From which speed FP4 everywhere wins, and which speed is assumed."""
    own = next(scheme for scheme in schemes if scheme.name == f"{LOW}:{LOW}")
    need = break_even(basis.law, basis.values, schemes, machine.hardware, machine.wishes)
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
    rows = []
    for label, own_basis, own_schemes, hardware in _variants(store, basis, schemes, speed, machine):
        table = best_models(own_basis.law, own_basis.values, own_schemes, hardware, machine.wishes)
        if table["wins"].any():
            best = table[table["wins"]].iloc[0]
            rows.append((label, best["scheme"], words(best["n"]), words(best["d"]), round(best["loss"], 4)))
        else:
            rows.append((label, "nothing runs", "", "", None))
    return pd.DataFrame(rows, columns=["if", "wins", "parameters", "tokens", "loss [nats/token]"])


def _variants(
    store: Store, basis: Basis, schemes: Sequence[Scheme], speed: Speeds, machine: Machine
) -> Iterator[tuple[str, Basis, Sequence[Scheme], Hardware]]:
    hardware = machine.hardware
    yield "nothing changes", basis, schemes, hardware
    slow = tuple(_scaled(table) for table in speed.tables)
    yield "FP4 runs 10% slower", basis, [changed(own, LOW, speeds=slow) for own in schemes], hardware
    yield "everything runs 10% slower", basis, schemes, replace(hardware, utilization=SLOWER * hardware.utilization)
    for symbol, said in ((basis.factors.forward, "eff_N"), (basis.factors.backward, "eff_D")):
        value = LESS * basis.values[symbol]
        other = replace(basis, values={**basis.values, symbol: value})
        yield f"FP4's {said} is 10% lower ({value:.3f})", other, schemes, hardware
    devices, throughput = store.table("devices").set_index("device"), store.table("throughput")
    for device in OTHER_GPUS:
        if device != machine.device and device in devices.index:
            peaks = {name: float(devices.at[device, f"{name}_tflops"]) for name in ("bf16", "fp8", "fp4")}
            there = replace(hardware, peaks={name: rate for name, rate in peaks.items() if rate > 0})
            fast = usual_speeds(device, there.peaks, throughput)
            yield f"the GPUs are {device}", basis, native_schemes(there, basis.factors, fast.tables), there


def _scaled(table):
    return replace(table, forward=SLOWER * table.forward, backward=SLOWER * table.backward)


def show(store: Store, basis: Basis, schemes: Sequence[Scheme], speed: Speeds, machine: Machine) -> pd.DataFrame:
    """Draws the table of changes; returns it."""
    table = what_if(store, basis, schemes, speed, machine)
    st.dataframe(table, hide_index=True, key="planner.what_if", alt="What would change the answer", width="stretch")
    return table
