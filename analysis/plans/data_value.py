"""What data are worth at a compute budget: repeated, filtered, and against fresh data without end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.laws import get_law
from analysis.laws.flops import TRAINING_FLOPS_PER_PARAM_TOKEN
from analysis.plans.frontier import least

LAW = "data_constrained"
EPOCHS = (1, 2, 4, 8, 16, 32, 64)


def acting(values: Mapping[str, float], n_tokens: np.ndarray | float, unique: np.ndarray | float) -> np.ndarray:
    """The fresh tokens that do as much as `n_tokens` drawn from `unique` ones, seen again and again.

    Source: Muennighoff et al. 2023, Eq. 5.
    """
    pool = np.minimum(unique, n_tokens)
    return get_law(LAW).derive("acting_tokens", values, {"n_tokens": n_tokens, "unique_tokens": pool})


def gained_loss(
    values: Mapping[str, float], n_params: float, n_tokens: float, unique: float, times: np.ndarray
) -> np.ndarray:
    """The loss [nats/token] if every token, seen first or again, were worth `times` as many."""
    pool = min(unique, n_tokens)
    x = {"n_tokens": times * n_tokens, "unique_tokens": times * pool, "n_params": np.full_like(times, n_params)}
    return get_law(LAW).evaluate(values, x)


def by_epochs(
    values: Mapping[str, float], n_params: float, unique: float, epochs: Sequence[float] = EPOCHS
) -> pd.DataFrame:
    """One row a number of epochs over `unique` tokens: epochs, seen, acting, worth = acting/seen, loss, fresh_loss.

    `fresh_loss` is that of as many tokens, none seen twice.
    """
    passes = np.asarray(epochs, float)
    seen = passes * unique
    acted = acting(values, seen, unique)
    x = {"n_params": np.full_like(seen, n_params), "n_tokens": seen, "unique_tokens": np.full_like(seen, unique)}
    loss, fresh = (get_law(LAW).evaluate(values, x | {"unique_tokens": pool}) for pool in (x["unique_tokens"], seen))
    table = {"epochs": passes, "seen": seen, "acting": acted, "worth": acted / seen, "loss": loss, "fresh_loss": fresh}
    return pd.DataFrame(table)


@dataclass(frozen=True)
class Split:
    """How to spend a compute budget: parameters, tokens, epochs over the unique ones, and the loss that follows."""

    n_params: float
    n_tokens: float
    epochs: float
    loss: float


def best_split(values: Mapping[str, float], flops: float, unique: float = np.inf) -> Split:
    """The size and the epochs of least loss for 6 N D = `flops`, from `unique` tokens."""

    def cost(log_n: np.ndarray) -> np.ndarray:
        n = np.exp(log_n)
        tokens = flops / (TRAINING_FLOPS_PER_PARAM_TOKEN * n)
        return get_law(LAW).evaluate(values, {"n_params": n, "n_tokens": tokens, "unique_tokens": unique + 0 * n})

    log_n, loss = least(cost, 1)
    n = float(np.exp(log_n[0]))
    tokens = flops / (TRAINING_FLOPS_PER_PARAM_TOKEN * n)
    return Split(n, tokens, max(1.0, tokens / unique), float(loss[0]))


def break_even(values: Mapping[str, float], n_tokens: float, unique: float, kept: float) -> float:
    """How many times an average token each kept one must teach, for filtering to a share `kept` to pay.

    The filtered pool has kept * unique tokens and is seen more often for the same `n_tokens`. Raises ValueError for a
    share outside (0, 1].
    """
    if not 0 < kept <= 1:
        raise ValueError(f"the share that is kept is {kept:g}; write a number above 0, up to 1")
    return float(acting(values, n_tokens, unique) / acting(values, n_tokens, kept * unique))


def proxy_share(
    proxies: float, proxy_params: float, proxy_tokens: float, n_params: float, n_tokens: float
) -> tuple[float, float]:
    """The compute of small proxy runs [FLOPs], and its share of that of the run they choose a mixture for."""
    spent = TRAINING_FLOPS_PER_PARAM_TOKEN * proxies * proxy_params * proxy_tokens
    return spent, spent / (TRAINING_FLOPS_PER_PARAM_TOKEN * n_params * n_tokens)
