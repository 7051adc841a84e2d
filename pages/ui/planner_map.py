"""The planner's first tab: a budget in one's own words, the map of the winning scheme, and one cell of it explained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from analysis.plans.hardware import native_schemes
from analysis.plans.planner import Region
from analysis.plans.schemes import Scheme
from analysis.serving.memory import USABLE
from pages.ui import (
    changes,
    coefficients,
    estimates,
    figures_planner,
    more_formats,
    other_bases,
    panels,
    planner_cell,
    planner_report,
    planning,
    speeds,
)
from pages.ui.coefficients import Basis
from pages.ui.figures import words
from pages.ui.hardware import Machine, choose_machine, peak_words
from pages.ui.recipe_inputs import ANSWER
from pages.ui.session import current, facts, store

KEY = "planner"
QUARTET = "Quartet's law"


def training_map() -> None:
    """Draws the budget, the map of the winning scheme, and the schemes of one cell."""
    if facts(store(), "devices").empty:
        panels.empty_state("The store holds no devices, so there is nothing to plan for.")
        return
    machine = choose_machine(store(), KEY, full=True)
    with st.container(horizontal=True):
        basis = coefficients.choose_basis(store(), KEY)
        law = st.selectbox(
            "Losses by",
            [QUARTET, *other_bases.names(store())],
            key="planner.base",
            bind="query-params",
            help="Whose law gives the losses; the formats' factors stay those of the coefficients.",
        )
    with st.container(horizontal=True):
        speed = speeds.choose_speeds(store(), KEY, machine.device, machine.hardware.peaks)
        compute = planning.AXES[
            st.selectbox("Map over", list(planning.AXES), key="planner.axes", bind="query-params")
        ]  # fmt: skip
    if basis is None:
        panels.empty_state(
            "The store holds no coefficients and no runs of a law with formats: upload runs with forward_format and "
            "backward_format columns.",
            "pages/results.py",
            "Upload runs",
        )
        return
    basis = estimates.with_estimate(store(), basis)
    if law != QUARTET:
        other = other_bases.with_base(store(), law, basis)
        if other is None:
            st.warning(f"{law} gave no fit to plan with; the losses are Quartet's.", icon=":material/error:")
        basis = other or basis
    if basis.draws is None:
        coefficients.offer_refit(store(), KEY)
    schemes = native_schemes(machine.hardware, basis.factors, speed.tables, speed.spread)
    further = more_formats.choose(store(), KEY)
    basis, schemes = more_formats.with_formats(basis, schemes, further, speed.tables, speed.spread)
    place = st.container()
    table = _budget(basis, schemes, machine, speed, place)
    cell = planner_cell.choose()
    # The map and its cell say what a format would be worth, whether or not the chosen device runs it.
    region = planning.optimality_map(basis, schemes, compute)
    with place:
        _map(region, basis, speed, machine, table, cell)
    planner_cell.draw(basis, schemes, cell)
    planner_report.offer(store(), basis, schemes, speed, machine, table, region)


def _budget(basis: Basis, schemes: Sequence[Scheme], machine: Machine, speed: speeds.Speeds, place) -> pd.DataFrame:
    """The plan of the budget: its answer above the map, its table below."""
    table = planning.best_models_of(basis, schemes, machine)
    ranked = table[table["why_not"].isna()].sort_values("loss")
    if ranked.empty:
        reasons = "; ".join(f"{name}: {why}" for name, why in zip(table["scheme"], table["why_not"], strict=True))
        place.warning(f"No scheme can be trained here. {reasons}.", icon=":material/block:")
        return table
    best = ranked.iloc[0]
    st.session_state[ANSWER] = (float(best["n"]), float(best["d"]))
    place.success(planning.answer(best, ranked), icon=":material/target:")
    place.caption(f"{_takes(machine)} {machine.sentence}")
    st.subheader("Every scheme within the budget")
    panels.show_table(
        planning.readable_models(table, machine),
        "planner.budget",
        f"Each scheme at its own best size; dense peaks of {machine.device}: {peak_words(machine.hardware)}. Days, "
        "cost and energy are those that reach the best scheme's loss. Serving: GPU-days at 2 N FLOPs per token, a "
        "lower estimate. Devices to hold the weights: "
        f"{USABLE:.0%} of the memory of each, without any cache.",
    )
    why, change = st.columns(2, gap="large")
    with why:
        st.subheader("Why")
        if len(ranked) > 1:
            st.markdown(speeds.reason(basis, schemes, best, ranked.iloc[1]))
    with change:
        st.subheader("What would change it")
        st.markdown(changes.break_even_words(basis, schemes, machine, best))
        changes.show(changes.what_if(store(), basis, schemes, speed, machine))
    return table


def _takes(machine: Machine) -> str:
    hardware = machine.hardware
    parts = [f"{hardware.gpus:,} x {machine.device} for {hardware.days:.3g} days, {words(machine.gpu_hours)} GPU hours"]
    if machine.usd is not None:
        parts.append(f"{words(machine.usd)} USD at {machine.usd_per_gpu_hour:.3g} USD per GPU hour")
    if machine.kwh is not None:
        parts.append(f"{machine.kwh / 1e3:.3g} MWh at {machine.watts:g} W per GPU and PUE {machine.pue:g}")
    return ", ".join(parts) + "."


def _map(
    region: Region,
    basis: Basis,
    speed: speeds.Speeds,
    machine: Machine,
    table: pd.DataFrame,
    cell: tuple[float, float],
) -> None:
    known, own = (
        planning.known_models(facts(store(), "models")),
        planning.own_models(current(store(), "runs", origin="uploaded")),
    )
    reference = f"{machine.hardware.reference}:{machine.hardware.reference}"
    here = table[(table["scheme"] == reference) & table["why_not"].isna()]
    marks = [
        (known, "circle", "known models"),
        (own, "diamond", "your runs"),
        (_mark("your budget", here["n"], here["d"]), "star", "your budget"),
        (_mark("cell", [cell[0]], [cell[0] * cell[1]]), "diamond", "one cell"),
    ]
    first = region.names[int(np.bincount(region.winner.ravel()).argmax())]
    shares = [f"{name} {100 * (region.winner == i).mean():.0f}%" for i, name in enumerate(region.names)]
    panels.show_figure(
        figures_planner.region_figure(region, marks, f"{first} wins most of the map", 620),
        "Map of the winning scheme over tokens per parameter and parameters: " + ", ".join(shares),
        lambda: planning.region_frame(region),
        "planner.map",
        f"Equal inference and training budgets (the planner's rules are Quartet's). {basis.sentence} {speed.sentence} "
        f"N counts {basis.law.counts.replace('_', '-')} parameters; {basis.law.title}: {basis.reach}. "
        "Strong colour: sure; dotted: where the likeliest scheme wins "
        f"with 0.95. Circles: {planning.model_words(known)}. The star is the {reference} optimum of your budget.",
    )


def _mark(label: str, n: Sequence[float] | pd.Series, d: Sequence[float] | pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"label": label, "n_params": np.asarray(n, float), "n_tokens": np.asarray(d, float)})
