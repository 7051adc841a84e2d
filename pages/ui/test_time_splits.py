"""The middle of the test-time tab: an imperfect verifier, and how the budget is best split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from analysis.laws.resampling import Problems, answered, best_samples, ceiling
from analysis.plans.test_time import (
    Solver,
    matched_inference,
    offline_cost,
    paying_queries,
    samples_within,
)
from analysis.plans.test_time_splits import (
    SPAN,
    adaptive_coverage,
    adaptive_saving,
    problems_of,
    uniform_coverage,
    verification_splits,
)
from pages.ui import figures_test_time, panels
from pages.ui.figures import words
from pages.ui.test_time_inputs import KEY, Setting

MOST = 1000
USUAL = "Llama-3-8B-Instruct"


@dataclass(frozen=True)
class Checker:
    """A verifier: shares of wrong and of right samples that it accepts, its cost in solutions, and what a wrong answer
    costs, a right one being worth 1."""

    false_positive: float
    true_positive: float
    cost: float
    wrong_cost: float


def draw(setting: Setting, budget_s: float) -> None:
    """Draws the verifier's inputs, its ceiling, and the splits of the budget of one model."""
    st.subheader("Checked by whom, and split how?")
    first, *others = st.columns([2, 1, 1, 1, 1])
    names = [own.name for own in setting.solvers]
    usual = names.index(USUAL) if USUAL in names else len(names) - 1
    name = first.selectbox("Model", names, usual, key=f"{KEY}.model", bind="query-params")
    checker = _choose_checker(others)
    solver = next(own for own in setting.solvers if own.name == name)
    problems, off = _problems(tuple(solver.values.items()), solver)
    left, right = st.columns(2, gap="large")
    with left:
        _verifier(solver, setting, problems, off, checker)
    with right:
        _splits(solver, setting, problems, checker, budget_s)
    left, right = st.columns(2, gap="large")
    with left:
        _larger(setting, solver)
    with right:
        _offline()


@st.cache_data(show_spinner=False, max_entries=32)
def _problems(values: tuple[tuple[str, float], ...], _solver: Solver) -> tuple[Problems, float]:
    return problems_of(_solver.coverage(SPAN), SPAN)


def _choose_checker(places: list) -> Checker:
    false_positive = places[0].number_input(
        "Wrong accepted, %", 0.0, 100.0, 5.0, format="%.3g", key=f"{KEY}.false_positive", bind="query-params",
        help="Share of wrong samples that the verifier accepts: tests that are too weak, a reward model that errs.",
    )  # fmt: skip
    true_positive = places[1].number_input(
        "Right accepted, %", 1.0, 100.0, 90.0, format="%.3g", key=f"{KEY}.true_positive", bind="query-params"
    )
    cost = places[2].number_input(
        "Cost of a check", 0.0, 100.0, 1.0, format="%.3g", key=f"{KEY}.check_cost", bind="query-params",
        help="Tokens of a verification over those of a solution: 1 to 2 for generative verifiers (genrm_vs_sc_2025).",
    )  # fmt: skip
    wrong = places[3].number_input(
        "Cost of a wrong answer", 0.0, 1000.0, 1.0, format="%.3g", key=f"{KEY}.wrong_cost", bind="query-params",
        help="A right answer is worth 1, none 0 (inference_flaws_2024).",
    )  # fmt: skip
    return Checker(float(false_positive) / 100, float(true_positive) / 100, float(cost), float(wrong))


def _verifier(solver: Solver, setting: Setting, problems: Problems, off: float, checker: Checker) -> None:
    samples = np.unique(np.geomspace(1, MOST, 121).round())
    right, wrong = answered(problems, checker.false_positive, samples)
    table = pd.DataFrame(
        {"samples": samples, "right": right, "wrong": wrong, "worth": right - checker.wrong_cost * wrong}
    )
    best, worth = best_samples(problems, checker.false_positive, checker.wrong_cost, most=MOST)
    top = ceiling(problems, checker.false_positive)
    title = (
        f"{best} samples are best: {worth:.2f} a problem" if best else "No answer pays: wrong ones cost more than right"
    )
    panels.show_figure(
        figures_test_time.verifier_figure(table, top, best, title),
        f"Right and wrong answers by samples: {title}",
        table,
        f"{KEY}.verifier",
        f"{solver.name} on {setting.task}: the first sample accepted is the answer, every right one is accepted "
        f"(Stroebl et al. 2024). Endless samples answer {top:.0%} rightly, because {checker.false_positive:.1%} of "
        "the wrong ones pass. Pass rates of the problems follow a beta distribution fitted to the coverage law, "
        f"{100 * off:.1f} points off at most.",
    )


def _splits(solver: Solver, setting: Setting, problems: Problems, checker: Checker, budget_s: float) -> None:
    samples = max(1.0, float(samples_within(solver.shape, setting.answer, setting.rates, budget_s)))
    table = verification_splits(problems, checker.false_positive, checker.true_positive, checker.cost, samples)
    best = table[table["best"]].iloc[0]
    plain, adaptive = float(uniform_coverage(problems, samples)[0]), adaptive_coverage(problems, samples)
    panels.show_table(
        table.assign(right=100 * table["right"], wrong=100 * table["wrong"]),
        f"{KEY}.splits",
        f"The budget's {samples:,.0f} samples of {solver.name}, some spent on checks: **{best['solutions']:,.0f} "
        f"solutions with {best['verifications']:,.0f} check(s) each** answer most rightly, {best['right']:.0%}. The "
        "majority of the checks decides; here they err independently, which real ones do not quite "
        "(genrm_vs_sc_2025 found that solutions should grow faster than checks). With an oracle: "
        f"{plain:.0%} solved when every problem gets as many samples, {adaptive:.0%} when hard ones get more; for the "
        f"same {plain:.0%}, splitting by difficulty needs **{adaptive_saving(problems, samples):.2g}x fewer** "
        "(ttc_optimal_2024 reports over 4x, scale_selective_2025 1.5 to 2.1x).",
        {
            "verifications": st.column_config.NumberColumn("checks of a solution"),
            "right": st.column_config.NumberColumn("answered rightly [%]", format="%.1f"),
            "wrong": st.column_config.NumberColumn("answered wrongly [%]", format="%.1f"),
            "best": st.column_config.CheckboxColumn("best"),
        },
    )


def _larger(setting: Setting, solver: Solver) -> None:
    """Draws the comparison with a larger model of as many FLOPs."""
    st.markdown("**Or train a larger model?**")
    first, second, third = st.columns(3)
    factor = first.number_input("Times larger", 1.01, 1000.0, 14.0, format="%.3g", key=f"{KEY}.larger",
                                bind="query-params")  # fmt: skip
    trained = second.number_input("Trained on [B tokens]", 0.1, 1e6, 1000.0, format="%.4g", key=f"{KEY}.trained",
                                  bind="query-params")  # fmt: skip
    served = third.number_input("Serves in its life [B tokens]", 0.1, 1e9, 1000.0, format="%.4g", key=f"{KEY}.served",
                                bind="query-params")  # fmt: skip
    matched = matched_inference(float(factor), float(trained), float(served))
    solved = float(solver.coverage(np.array(matched)))
    once = float(solver.coverage(np.array(1.0)))
    st.caption(
        f"A model {factor:g} times the size costs as many FLOPs to train and serve as **{matched:,.1f} times the "
        f"inference** of {solver.name}: M + 3 (D / served) (M - 1) (Snell et al. 2024 match FLOPs so). With "
        f"{matched:,.0f} samples {solver.name} solves **{solved:.0%}** of {setting.task} in place of {once:.0%}, if a "
        f"checker knows the right one: the larger model must do better with one. The more is served, the less test "
        "time pays."
    )


def _offline() -> None:
    """Draws what thinking about a context before anybody asks would save."""
    st.markdown("**Or think before the question comes?**")
    first, second, third, fourth = st.columns(4)
    saving = first.number_input("Online tokens, times fewer", 1.0, 100.0, 5.0, format="%.3g", key=f"{KEY}.saving",
                                bind="query-params")  # fmt: skip
    online = second.number_input("Online tokens without", 1.0, 1e7, 2000.0, format="%.4g", key=f"{KEY}.online",
                                 bind="query-params")  # fmt: skip
    offline = third.number_input("Offline tokens", 0.0, 1e8, 40000.0, format="%.4g", key=f"{KEY}.offline",
                                 bind="query-params")  # fmt: skip
    queries = fourth.number_input("Queries a context", 1.0, 1e6, 10.0, format="%.4g", key=f"{KEY}.queries",
                                  bind="query-params")  # fmt: skip
    weight = st.number_input("An online token costs offline ones", 1.0, 100.0, 10.0, format="%.3g",
                             key=f"{KEY}.online_weight", bind="query-params")  # fmt: skip
    cost, without = offline_cost(float(online), float(saving), float(offline), float(queries), float(weight))
    pays = paying_queries(float(online), float(saving), float(offline), float(weight))
    since = f"it pays from {np.ceil(pays):,.0f} queries a context on" if np.isfinite(pays) else "it never pays"
    st.caption(
        f"A query costs **{words(cost)}** offline tokens in place of {words(without)}: **{without / cost:.2g}x "
        f"less**; {since}. sleep_time_2025 reports 5x fewer test-time tokens at equal accuracy and 2.5x less a query "
        "where several share a context."
    )
