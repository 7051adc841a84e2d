"""A training recipe: peak learning rate and batch size for a model and its data, and what changes with the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd

from analysis.laws import get_law

LEAST_BATCHES = 4
GRID = ["model", "n_params", "n_tokens"]  # runs that agree in these differ in learning rate and batch only


@dataclass(frozen=True)
class Rule:
    """How the learning rate follows the batch size: as batch^exponent."""

    name: str
    exponent: float
    source_id: str

    def rate(self, rate: float, times: float) -> float:
        """The learning rate for `times` the batch at which `rate` is right."""
        return rate * times**self.exponent


# Optimizer -> its rule. Source: Granziol et al. 2020, abstract: linear for SGD, square root for adaptive methods.
RULES = {
    "AdamW": Rule("square root", 0.5, "lr_batch_rmt_2020"),
    "SGD": Rule("linear", 1.0, "lr_batch_rmt_2020"),
}


@dataclass(frozen=True)
class Recipe:
    """Peak learning rate and batch [tokens] for a size and its tokens; `beyond` says what is extrapolated."""

    learning_rate: float
    batch_tokens: float
    beyond: tuple[str, ...]


def suggest(rate: Mapping[str, float], batch: Mapping[str, float], n_params: float, n_tokens: float) -> Recipe:
    """The recipe of the Step Law with these values of step_law_lr and step_law_batch; N without embeddings."""
    x = {"n_params": n_params, "n_tokens": n_tokens}
    laws = {"step_law_lr": rate, "step_law_batch": batch}
    found = [float(get_law(name).evaluate(values, x)) for name, values in laws.items()]
    said = [sentence for name in laws for sentence in get_law(name).outside(x, published=True)[1]]
    return Recipe(found[0], found[1], tuple(dict.fromkeys(said)))


@dataclass(frozen=True)
class BatchCost:
    """What a batch costs against the extremes: steps over the fewest, compute over the least, for the same loss."""

    critical_batch: float
    steps: float
    compute: float


def batch_cost(values: Mapping[str, float], loss: float, batch_tokens: float) -> BatchCost:
    """The cost of a batch [tokens] at a loss [nats/token], by kaplan_critical_batch with these values.

    At the critical batch both are 2. Source: Kaplan et al. 2020, Eqs. 5.4 and 5.5.
    """
    critical = float(get_law("kaplan_critical_batch").evaluate(values, {"loss": loss}))
    return BatchCost(critical, 1 + critical / batch_tokens, 1 + batch_tokens / critical)


def deepseek(values: Mapping[str, float], flops: float) -> tuple[float, float]:
    """Learning rate and batch [tokens] by compute C [FLOPs]: c C^exponent each. Source: DeepSeek LLM 2024, Eq. 1."""
    p = SimpleNamespace(**values)
    return p.lr_coef * flops**p.lr_exp_C, p.bs_coef * flops**p.bs_exp_C


def nearest_grid(runs: pd.DataFrame, n_params: float, n_tokens: float) -> pd.DataFrame:
    """The runs of the grid nearest to a size and its tokens, by the logs, with `excess`: loss over the least, minus 1.

    `runs` has the columns GRID, learning_rate, batch_tokens and loss.
    """
    away = np.log(runs["n_params"] / n_params) ** 2 + np.log(runs["n_tokens"] / n_tokens) ** 2
    nearest = runs.loc[away.idxmin(), GRID]
    own = runs[(runs[GRID] == nearest).all(axis=1)].reset_index(drop=True)
    return own.assign(excess=own["loss"] / own["loss"].min() - 1)


def nearest_run(grid: pd.DataFrame, learning_rate: float, batch_tokens: float) -> pd.Series:
    """The run of a grid nearest to a learning rate and a batch, by the logs."""
    away = np.log(grid["learning_rate"] / learning_rate) ** 2 + np.log(grid["batch_tokens"] / batch_tokens) ** 2
    return grid.loc[away.idxmin()]


def best_rates(grid: pd.DataFrame) -> pd.DataFrame:
    """The learning rate of least loss at each batch of a grid: batch_tokens, learning_rate.

    It is the lowest point of the parabola through the best run and its two neighbours along the log of the rate.
    Batches whose best run has the smallest or the largest rate are left out.
    """
    rows = []
    for _, own in grid.groupby("batch_tokens"):
        own = own.sort_values("learning_rate", ignore_index=True)
        best = int(own["loss"].argmin())
        if 0 < best < len(own) - 1:
            near = own.iloc[best - 1 : best + 2]
            logs, middle = np.log(near["learning_rate"]), np.log(own["learning_rate"][best])
            bend, slope, _ = np.polyfit(logs - middle, near["loss"], 2)
            rows.append((float(own["batch_tokens"][0]), float(np.exp(middle - slope / (2 * bend)))))
    return pd.DataFrame(rows, columns=["batch_tokens", "learning_rate"])


def batch_exponent(best: pd.DataFrame) -> float:
    """The exponent e of best rates that grow as batch^e, by least squares of the logs; nan for fewer than 4 batches."""
    if len(best) < LEAST_BATCHES:
        return float("nan")
    return float(np.polyfit(np.log(best["batch_tokens"]), np.log(best["learning_rate"]), 1)[0])


def batch_exponents(runs: pd.DataFrame) -> np.ndarray:
    """The exponent of every grid of `runs` that has one."""
    found = np.array([batch_exponent(best_rates(own)) for _, own in runs.groupby(GRID, sort=False)])
    return found[np.isfinite(found)]


def checked_against(runs: pd.DataFrame, rate: Mapping[str, float], batch: Mapping[str, float]) -> pd.DataFrame:
    """One row a grid of `runs`: what the Step Law suggests there, the grid's best run, and what the nearest run loses.

    Columns n_params, n_tokens, runs, learning_rate, batch_tokens, best_learning_rate, best_batch_tokens, excess (loss
    of the run nearest to the suggestion over the least of the grid, minus 1).
    """
    rows = []
    for _, own in runs.groupby(GRID, sort=False):
        best = own.loc[own["loss"].idxmin()]
        n, d = float(best["n_params"]), float(best["n_tokens"])
        found = suggest(rate, batch, n, d)
        near = nearest_run(own, found.learning_rate, found.batch_tokens)
        rows.append(
            {
                "n_params": n,
                "n_tokens": d,
                "runs": len(own),
                "learning_rate": found.learning_rate,
                "batch_tokens": found.batch_tokens,
                "best_learning_rate": best["learning_rate"],
                "best_batch_tokens": best["batch_tokens"],
                "excess": near["loss"] / best["loss"] - 1,
            }
        )
    return pd.DataFrame(rows)
