"""The planner's tab on test-time compute: for a budget a problem, which model, how many samples, checked how?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.laws import get_law
from analysis.plans.test_time import Answer, by_budget, cost_ratio, samples_within, saturation, seconds
from pages.ui import (
    figures_test_time,
    panels,
    test_time_published,
    test_time_samples,
    test_time_splits,
    test_time_streams,
)
from pages.ui import test_time_inputs as inputs
from pages.ui.figures import words
from pages.ui.serving_inputs import PRESETS
from pages.ui.session import store

KEY = inputs.KEY
LEAST_GAIN = 0.01
LONG, SPARSE = 32_768.0, 0.1  # tokens of a long answer, and the share of the cache that sparse attention reads


def test_time() -> None:
    """Draws the inputs, the answer, coverage against cost, what formats change, the splits, and one's own samples."""
    setting = inputs.choose(store())
    if setting is None:
        panels.empty_state("The store holds no coverage law of a model that it can size, or no device to price it on.")
        return
    budget = st.number_input(
        "Budget a problem [USD cents]",
        1e-6,
        1e6,
        0.05,
        format="%.4g",
        key=f"{KEY}.budget",
        bind="query-params",
        help=f"Spent on samples of {setting.device} at {setting.usd_per_hour:.2f} USD an hour, all rates reached.",
    )
    budget_s = float(budget) / 100 / setting.usd_per_s
    _answer(setting, budget_s)
    left, right = st.columns(2, gap="large")
    with left:
        _coverage(setting, budget_s)
    with right:
        _formats(setting, budget_s)
    test_time_splits.draw(setting, budget_s)
    test_time_streams.draw(store(), setting)
    test_time_published.draw(store())
    test_time_samples.draw()


def _answer(setting: inputs.Setting, budget_s: float) -> None:
    """Says which model solves most within the budget, and from where further samples hardly pay."""
    table = by_budget(setting.solvers, setting.answer, setting.rates, np.array([budget_s])).set_index("solver")
    if not table["best"].any():
        least = min(float(seconds(own.shape, setting.answer, setting.rates, 1.0)) for own in setting.solvers)
        st.warning(
            f"This budget pays for no sample; one of the smallest model costs {100 * setting.usd_per_s * least:.3g} "
            "cents.",
            icon=":material/block:",
        )
        return
    best = str(table.index[table["best"]][0])
    own = next(solver for solver in setting.solvers if solver.name == best)
    largest = setting.solvers[-1]
    other = table.loc[largest.name]
    beside = (
        "" if best == largest.name else f"; {largest.name} draws {other['samples']:,.0f} and solves "
        f"{other['coverage']:.0%}"
    )  # fmt: skip
    until = saturation(own, LEAST_GAIN)
    saturated = f"beyond {until:,.0f} samples a doubling adds" if np.isfinite(until) else "no doubling yet adds"
    st.success(
        f"Within {100 * setting.usd_per_s * budget_s:.3g} cents a problem of **{setting.task}**, **{best}** solves "
        f"most: **{_counted(table.loc[best, 'samples'])}** a right one for "
        f"**{table.loc[best, 'coverage']:.0%}** of the problems{beside}. Of {best}, {saturated} less than one point.",
        icon=":material/alt_route:",
    )


def _counted(samples: float) -> str:
    return "1 sample is" if samples == 1 else f"{samples:,.0f} samples hold"


def _coverage(setting: inputs.Setting, budget_s: float) -> None:
    law = get_law("coverage")
    costs = [float(seconds(own.shape, setting.answer, setting.rates, 1.0)) for own in setting.solvers]
    budgets = np.geomspace(min(costs), max(max(costs) * 1e4, budget_s * 10), 241)
    table = by_budget(setting.solvers, setting.answer, setting.rates, budgets)
    table = table.assign(usd=setting.usd_per_s * table["budget_s"])
    leaders = list(dict.fromkeys(table.loc[table["best"], "solver"]))
    title = f"{leaders[0]} solves most at every budget" if len(leaders) == 1 else "The best size grows with the budget"
    (span,) = (limit for limit in law.ranges if limit.column == "samples")
    panels.show_figure(
        figures_test_time.coverage_figure(table, title, setting.usd_per_s * budget_s, span.high),
        f"Problems solved by cost and model: {title}",
        table,
        f"{KEY}.coverage",
        f"Best as the budget grows: {', '.join(leaders)}. Coverage laws of Brown et al. 2024 on {setting.task}, which "
        "need a checker that is never wrong; costs by Kinetics on "
        f"{setting.device} in {setting.formats}: {setting.answer.tokens:,.0f} tokens an answer. Dotted: "
        f"beyond {span.high:,.0f} samples. Published without intervals; formats change the price, not the coverage.",
    )


def _formats(setting: inputs.Setting, budget_s: float) -> None:
    """What each choice of formats buys: cost of a sample, samples in the budget, best model."""
    rows = []
    for name, formats in PRESETS.items():
        rates = inputs.rates_of(setting.ceilings, formats, setting.cache_read)
        table = by_budget(setting.solvers, setting.answer, rates, np.array([budget_s]))
        best = table.loc[table["coverage"].idxmax()]
        own = next(solver for solver in setting.solvers if solver.name == best["solver"])
        once = float(seconds(own.shape, setting.answer, rates, 1.0))
        parameters = 2 * own.shape["n_params"] * setting.answer.tokens / rates.flops
        rows.append(
            {
                "served in": name,
                "best model": best["solver"],
                "samples": best["samples"],
                "solved": 100 * best["coverage"],
                "cents a sample": 100 * setting.usd_per_s * once,
                "cost of attention and cache": 100 * (1 - parameters / once),
            }
        )
    panels.show_table(
        pd.DataFrame(rows),
        f"{KEY}.formats_table",
        f"The same budget in every format: what a narrower format saves buys samples. On {setting.device}; attention "
        "and cache grow with the square of the answer, so that small models stop paying off in long answers "
        "(kinetics_2025).",
        {
            "samples": st.column_config.NumberColumn(format="%,.0f"),
            "solved": st.column_config.NumberColumn("solved [%]", format="%.1f"),
            "cents a sample": st.column_config.NumberColumn(format="%.3g"),
            "cost of attention and cache": st.column_config.NumberColumn(
                "attention and cache [% of a sample]", format="%.0f"
            ),
        },
    )
    st.caption(_turning_length(setting, budget_s, np.geomspace(100, 1e5, 61).round()))
    st.caption(_saved_words(setting))


def _saved_words(setting: inputs.Setting) -> str:
    """What the smaller of two models saves, and how long answers and a sparse cache change that, in a sentence."""
    largest = setting.solvers[-1]
    smaller = next((own for own in setting.solvers if own.name == test_time_splits.USUAL), setting.solvers[0])
    rates, prompt = setting.rates, setting.answer.prompt
    here = cost_ratio(largest.shape, smaller.shape, setting.answer, rates)
    far = cost_ratio(largest.shape, smaller.shape, Answer(prompt, LONG), rates)
    sparse = cost_ratio(largest.shape, smaller.shape, Answer(prompt, LONG), replace(rates, cache_read=SPARSE))
    by_size = largest.shape["n_params"] / smaller.shape["n_params"]
    return (
        f":material/balance: A sample of {largest.name} costs {by_size:.1f}x one of {smaller.name} by their "
        f"parameters, **{here:.1f}x** with attention and cache at {setting.answer.tokens:,.0f} tokens and "
        f"**{far:.1f}x** at {LONG:,.0f}: the longer the answer, the less a small model saves. Reading {SPARSE:.0%} of "
        f"the cache makes that {sparse:.1f}x (kinetics_2025 reports over 60 points more from sparse attention where "
        "little is spent)."
    )


def _turning_length(setting: inputs.Setting, budget_s: float, lengths: np.ndarray) -> str:
    """How the best model changes as answers get longer at the same budget, in a sentence."""
    names = []
    for tokens in lengths:
        answer = Answer(setting.answer.prompt, float(tokens))
        solved = {
            own.name: float(own.coverage(samples_within(own.shape, answer, setting.rates, budget_s)))
            for own in setting.solvers
        }
        names.append(max(solved, key=lambda name: solved[name]) if any(solved.values()) else "none")
    turns = [(lengths[0], names[0])]
    turns += [(length, name) for length, before, name in zip(lengths[1:], names, names[1:], strict=False)
              if name != before]  # fmt: skip
    said = "; ".join(f"from {words(length)} tokens **{name}**" for length, name in turns)
    return f":material/straighten: Best at this budget by the length of an answer: {said}."
