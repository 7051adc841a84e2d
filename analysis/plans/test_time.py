"""What a budget of answering buys: samples of small and large models on one device, and how many problems they solve.

Costs are those of Kinetics (law kinetics_cost) in seconds of a device, so that a narrower format of the weights or of
the cache shows in the number of samples; solved problems are those of law coverage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.laws import get_law
from analysis.laws.flops import inference_flops, training_flops

DOUBLINGS = 20  # of the samples, in which a saturation is looked for


@dataclass(frozen=True)
class Solver:
    """A model on one task: its coverage law's values, and its shape as law kinetics_cost reads it
    (n_params, query_heads, kv_heads, head_size, layers)."""

    name: str
    values: Mapping[str, float]
    shape: Mapping[str, float]

    def coverage(self, samples: np.ndarray) -> np.ndarray:
        """The share of problems of which a sample is right; 0 without samples."""
        drawn = np.asarray(samples, float)
        solved = get_law("coverage").evaluate(self.values, {"samples": np.maximum(drawn, 1.0)})
        return np.where(drawn >= 1, solved, 0.0)


@dataclass(frozen=True)
class Rates:
    """What a device does: FLOP/s in the format of the weights, bytes/s, bits per element of the cache, and the share
    of the cache that a step reads (less than 1: sparse attention)."""

    flops: float
    bandwidth: float
    cache_bits: float = 16.0
    cache_read: float = 1.0


@dataclass(frozen=True)
class Answer:
    """An answer: tokens of the prompt and of what is generated."""

    prompt: float
    tokens: float


def seconds(shape: Mapping[str, float], answer: Answer, rates: Rates, samples: np.ndarray | float) -> np.ndarray:
    """Seconds of a device for that many samples of an answer, all rates reached, reading of the parameters left out.

    Source: Kinetics (Sadhukhan et al. 2025), with its exchange of bytes for FLOPs at the device's own rates.
    """
    law, price = get_law("kinetics_cost"), {"I": rates.flops / rates.bandwidth}
    x = {
        **shape,
        "samples": np.asarray(samples, float),
        "prompt_tokens": answer.prompt,
        "generated_tokens": answer.tokens,
        "cache_bits": rates.cache_bits,
    }
    parameters = inference_flops(shape["n_params"], answer.tokens) * x["samples"]
    attention = law.derive("compute", price, x) - parameters
    read = law.derive("memory", price, x)
    return (parameters + rates.cache_read * attention) / rates.flops + rates.cache_read * read / rates.bandwidth


def cost_ratio(larger: Mapping[str, float], smaller: Mapping[str, float], answer: Answer, rates: Rates) -> float:
    """How many times a sample of the larger model costs one of the smaller.

    In short answers that is the ratio of their parameters; in long ones attention and the cache's traffic draw it
    towards the ratio of those, and a small model saves less (Kinetics, Sadhukhan et al. 2025).
    """
    return float(seconds(larger, answer, rates, 1.0) / seconds(smaller, answer, rates, 1.0))


def samples_within(
    shape: Mapping[str, float], answer: Answer, rates: Rates, budget_s: np.ndarray | float
) -> np.ndarray:
    """How many samples a budget of seconds pays, in whole numbers; they share the cache of the prompt."""
    once, each = (float(seconds(shape, answer, rates, count)) for count in (0.0, 1.0))
    return np.floor(np.maximum(np.asarray(budget_s, float) - once, 0.0) / (each - once) * (1 + 1e-12))


def by_budget(solvers: Sequence[Solver], answer: Answer, rates: Rates, budgets_s: np.ndarray) -> pd.DataFrame:
    """One row per solver and budget: solver, budget_s, samples, coverage, and best (highest coverage there)."""
    rows = []
    for solver in solvers:
        samples = samples_within(solver.shape, answer, rates, budgets_s)
        rows.append(
            pd.DataFrame(
                {
                    "solver": solver.name,
                    "budget_s": np.asarray(budgets_s, float),
                    "samples": samples,
                    "coverage": solver.coverage(samples),
                }
            )
        )
    table = pd.concat(rows, ignore_index=True)
    top = table.groupby("budget_s")["coverage"].transform("max")
    return table.assign(best=(table["coverage"] == top) & (top > 0))


def saturation(solver: Solver, least_gain: float) -> float:
    """Samples from which doubling them adds less than `least_gain` to the coverage, for good; inf beyond a million.

    Steep curves have a slow start, so the last doubling that gains as much counts.
    """
    samples = 2.0 ** np.arange(DOUBLINGS + 1)
    gains = np.diff(solver.coverage(samples))
    paying = np.nonzero(gains >= least_gain)[0]
    if not len(paying):
        return 1.0
    return float("inf") if paying[-1] == DOUBLINGS - 1 else float(samples[paying[-1] + 1])


def matched_inference(larger: float, training_tokens: float, served_tokens: float) -> float:
    """How many times its inference a small model may spend for the FLOPs of training and serving one `larger` times
    its size: M + 3 (D / D_served) (M - 1), from 6 N D and 2 N D_served.

    Source: Snell et al. 2024 (ttc_optimal_2024) match FLOPs so; derived here.
    """
    extra = training_flops(larger - 1.0, training_tokens) / inference_flops(1.0, served_tokens)
    return float(larger + extra)


def offline_cost(
    online_tokens: float, saving: float, offline_tokens: float, queries: float, online_weight: float
) -> tuple[float, float]:
    """Cost per query with and without thinking offline about a context that `queries` queries share, in offline tokens.

    Offline thinking divides the `online_tokens` of each query by `saving`; an online token costs `online_weight`
    offline ones, since someone waits for it. Source: sleep-time compute (sleep_time_2025), amortized.
    """
    without = online_weight * online_tokens
    return offline_tokens / queries + without / saving, without


def paying_queries(online_tokens: float, saving: float, offline_tokens: float, online_weight: float) -> float:
    """Queries per context from which offline thinking costs less; inf where it saves nothing."""
    saved = online_weight * online_tokens * (1 - 1 / saving)
    return offline_tokens / saved if saved > 0 else float("inf")
