"""The recipe's learning rate and batch: what rules suggest, how far published grids agree, what another batch wants."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import streamlit as st

from analysis.laws import get_law
from analysis.plans import recipe
from analysis.plans.recipe import RULES, BatchCost, Recipe
from pages.ui import figures_recipe, panels
from pages.ui.figures import words
from pages.ui.recipe_inputs import KEY, Model, claimed
from pages.ui.session import facts, store

LAMB = "lamb_2019-02"
SOURCES = ("step_law_2025", "lamb_2019", "lr_batch_rmt_2020", "sgd_noise_regimes_2023", "train_longer_2017")


def rates(model: Model) -> None:
    """Draws the suggestion, the rules side by side, and the published grid nearest to the model."""
    optimizer, times, context = _wish()
    rate, batch = (store().coefficients(law, "step_law_2025") for law in ("step_law_lr", "step_law_batch"))
    found = recipe.suggest(rate, batch, model.n_params, model.n_tokens)
    _said(model, found, optimizer, times, context)
    loss, cost = _critical(model, found.batch_tokens * times)
    _rules(model, found, optimizer, times, cost)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _grid(model, rate, batch)
    with right:
        _measured(found, rate, batch, optimizer, times)
        st.markdown(
            f"**Larger or smaller batches.** At the loss predicted here, {loss:.3f} (Chinchilla law, Epoch's refit), "
            f"Kaplan et al.'s critical batch is {words(cost.critical_batch)} tokens; their constants are those of "
            f"their own data and tokenizer. A batch of {words(found.batch_tokens * times)} takes {cost.steps:.3g} "
            f"times the fewest steps and {cost.compute:.3g} times the least compute."
        )
    claimed(SOURCES, "rates_claims", _lamb())


def _wish() -> tuple[str, float, int]:
    left, middle, right = st.columns(3)
    optimizer = left.selectbox(
        "Optimizer",
        list(RULES),
        key=f"{KEY}.optimizer",
        bind="query-params",
        help="Says how the rate follows the batch. The Step Law itself was fitted with AdamW.",
    )
    times = middle.number_input(
        "Batch, times the suggested one", 1 / 64, 64.0, 1.0, format="%.4g", key=f"{KEY}.times", bind="query-params"
    )
    context = right.number_input("Tokens of a sequence", 64, 2**20, 2048, key=f"{KEY}.context", bind="query-params")
    return str(optimizer), float(times), int(context)


def _said(model: Model, found: Recipe, optimizer: str, times: float, context: int) -> None:
    changed = ""
    if times != 1:
        rule = RULES[optimizer]
        own = rule.rate(found.learning_rate, times)
        changed = (
            f" At {times:g} times the batch, {words(found.batch_tokens * times)} tokens, {optimizer} wants "
            f"**{times**rule.exponent:.3g} times the rate, {own:.3g}** ({rule.name} rule)."
        )
    st.success(
        f"{words(model.n_params)} parameters on {words(model.n_tokens)} tokens: peak learning rate "
        f"**{found.learning_rate:.3g}**, batch **{words(found.batch_tokens)} tokens** "
        f"({max(1, round(found.batch_tokens / context)):,} sequences of {context:,}), "
        f"{model.n_tokens / found.batch_tokens:,.0f} steps.{changed}",
        icon=":material/tune:",
    )
    if found.beyond:
        st.warning(f"{'; '.join(found.beyond)}.", icon=":material/block:")


def _critical(model: Model, batch_tokens: float) -> tuple[float, BatchCost]:
    x = {"n_params": model.n_params, "n_tokens": model.n_tokens}
    loss = float(get_law("chinchilla").evaluate(store().coefficients("chinchilla"), x))
    return loss, recipe.batch_cost(store().coefficients("kaplan_critical_batch"), loss, batch_tokens)


def _rules(model: Model, found: Recipe, optimizer: str, times: float, cost: BatchCost) -> None:
    """The rules side by side: rate, batch and steps of each."""
    rows = [("Step Law (Li et al. 2025)", found.learning_rate, found.batch_tokens, "step_law_2025")]
    for name, rule in RULES.items() if times != 1 else ():
        mark = " (yours)" if name == optimizer else ""
        changed = rule.rate(found.learning_rate, times)
        rows.append((f"{name}, {rule.name} rule{mark}", changed, found.batch_tokens * times, rule.source_id))
    if not store().coefficient_sets("deepseek_hparams").empty:
        by_compute = recipe.deepseek(store().coefficients("deepseek_hparams"), model.flops)
        rows.append(("DeepSeek LLM, by compute", *by_compute, "deepseek_llm_2024"))
    rows.append(("critical batch (Kaplan et al. 2020)", np.nan, cost.critical_batch, "kaplan_2020"))
    table = pd.DataFrame(rows, columns=["rule", "peak learning rate", "batch [tokens]", "source"])
    table.insert(3, "steps", model.n_tokens / table["batch [tokens]"])
    panels.show_table(
        table,
        f"{KEY}.rules",
        "Choose another batch above to see its rate: it grows as the batch for SGD and as its square root for adaptive "
        "methods such as AdamW (Granziol et al. 2020), up to the critical batch.",
        {
            "peak learning rate": st.column_config.NumberColumn(format="%.3g"),
            "batch [tokens]": st.column_config.NumberColumn(format="compact"),
            "steps": st.column_config.NumberColumn(format="compact"),
        },
    )


@st.cache_data(show_spinner=False, max_entries=4)
def _over_grids(runs: pd.DataFrame, rate: dict[str, float], batch: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Of all published grids: what the suggestion loses in each [%], and how the best rate grows with the batch."""
    return 100 * recipe.checked_against(runs, rate, batch)["excess"].to_numpy(), recipe.batch_exponents(runs)


def _measured(found: Recipe, rate: dict[str, float], batch: dict[str, float], optimizer: str, times: float) -> None:
    """What the published grids say of the rules, and where sources differ."""
    runs = facts(store(), "lr_batch_runs")
    if len(runs):
        _, own = _over_grids(runs, rate, batch)
        changed = found.learning_rate * times ** own.mean()
        st.markdown(
            f"**Measured.** In {len(own)} of these grids (AdamW, the same tokens whatever the batch) the best rate "
            f"grows as batch^**{own.mean():.2f}** (from {own.min():.2f} to {own.max():.2f}), more slowly than the "
            f"square root. {f'At {times:g} times the batch that is a rate of {changed:.3g}.' if times != 1 else ''}"
        )
    st.markdown(
        f"**Where sources differ.** The linear rule keeps rate over batch, the strength of SGD's noise; here it is "
        f"{RULES[optimizer].rate(found.learning_rate, times) / (found.batch_tokens * times):.2g} a token. Hoffer et "
        "al. 2017 take the square root for SGD too, which keeps the covariance of a step, and close the gap of large "
        "batches by as many steps as small ones make. Whether noise helps depends on the regime (Sclocchi et al. 2023)."
    )


def _grid(model: Model, rate: dict[str, float], batch: dict[str, float]) -> None:
    """The published grid of runs nearest to the model, with the suggestion at its own size and tokens."""
    runs = facts(store(), "lr_batch_runs")
    if runs.empty:
        return
    grid = recipe.nearest_grid(runs, model.n_params, model.n_tokens)
    n, d = (float(grid[name].iloc[0]) for name in ("n_params", "n_tokens"))
    found = recipe.suggest(rate, batch, n, d)
    near = recipe.nearest_run(grid, found.learning_rate, found.batch_tokens)
    every, _ = _over_grids(runs, rate, batch)
    panels.show_figure(
        figures_recipe.grid_figure(
            grid,
            (found.batch_tokens, found.learning_rate),
            RULES,
            f"{words(n)} on {words(d)} tokens: the suggestion is {100 * near['excess']:.2f}% above the best of "
            f"{len(grid)} runs",
        ),
        "Loss of published runs over batch size and learning rate, as excess over the best",
        grid,
        f"{KEY}.grid",
        f"The published grid nearest to your model (Li et al. 2025, smoothed training losses). Over all {len(every)} "
        f"grids, {len(runs):,} runs, the run nearest to the suggestion is {np.median(every):.2g}% above the best of "
        f"its grid at the median, {every.mean():.2g}% in the mean (their abstracts say 0.07%, later 0.094%).",
    )


def _lamb() -> str:
    """The caption of the claims, with how many times faster LAMB made BERT by its own two figures."""
    rows = facts(store(), "claims", claim_id=LAMB).to_dict("records")
    days = re.match(r"([\d.]+) days", str(rows[0]["baseline"])) if rows else None
    if not days:
        return "What the papers claim."
    hours = 24 * float(days[1])
    return (
        f"What the papers claim. LAMB's {days[1]} days to {rows[0]['value']:g} {rows[0]['unit']} are "
        f"**{hours / rows[0]['normalized']:.1f} times** faster, on more chips."
    )
