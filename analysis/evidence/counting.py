"""Claims about work: FLOPs, rates, utilization, tokens per parameter."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pandas as pd

from analysis.evidence.check import Check
from analysis.evidence.facts import Facts, number
from analysis.laws.flops import training_flops
from analysis.plans.utilization import tflops_per_gpu
from analysis.serving.patches import image_tokens

A100, V100_FP16_TFLOPS = "A100-80GB SXM", 125.0  # NVIDIA's figure for the V100's tensor cores
CHINCHILLA_RATIO = 20.0  # tokens a parameter, as the source counts over-training
IMAGE_SIDE = 224  # pixels of ImageNet's usual crop


def megatron_utilization(facts: Facts) -> float:
    """Share of an A100's bf16 peak that the printed rate of all GPUs is [%]."""
    claim = facts.claim("megatron_2021-02")
    rate = tflops_per_gpu(float(claim["value"]), int(number(claim["hardware"], "GPUs")))
    return 100 * rate / float(facts.device(A100)["bf16_tflops"])


def budget_flops(facts: Facts) -> float:
    """6 N D of the claim's model and tokens."""
    claim = facts.claim("frontier_llm_2023-01")
    return float(training_flops(number(claim["model"]), number(claim["condition"], "tokens")))


def v100_rate(metric: str, facts: Facts) -> float:
    """A rate of ZeRO-Infinity that its repository prints, in its own unit."""
    rows = facts.rows("training_efficiency", source_id="zero_infinity_2021", metric=metric)
    return float(rows["value"].iloc[0])


def v100_devices(facts: Facts) -> int:
    """The GPUs of that run."""
    return int(facts.rows("training_efficiency", source_id="zero_infinity_2021")["n_devices"].iloc[0])


def v100_utilization(facts: Facts) -> float:
    """Share of a V100's peak that the rate of all GPUs is [%]."""
    return 100 * tflops_per_gpu(v100_rate("pflops_total", facts), v100_devices(facts)) / V100_FP16_TFLOPS


def v100_pflops(facts: Facts) -> float:
    """PFLOP/s of all GPUs, from the rate of one."""
    return v100_rate("tflops_per_gpu", facts) * v100_devices(facts) / 1e3


def trained(facts: Facts) -> pd.DataFrame:
    """The models of the over-training testbed, each once."""
    rows = facts.rows("runs", source_id="overtraining_scaling_2024")
    return rows.drop_duplicates(["n_params", "n_tokens", "family"])


def n_trained(facts: Facts) -> float:
    """How many there are."""
    return float(len(trained(facts)))


def size_range(facts: Facts) -> tuple[float, float]:
    """Their smallest and largest parameters."""
    sizes = trained(facts)["n_params"]
    return float(sizes.min()), float(sizes.max())


def most_tokens(claim_id: str, facts: Facts) -> float:
    """The most tokens that a model of the claim's size was trained on."""
    runs, size = trained(facts), number(facts.claim(claim_id)["model"])
    return float(runs.loc[(runs["n_params"] / size - 1).abs() < 0.05, "n_tokens"].max())


def overtrained(facts: Facts) -> float:
    """Tokens of the predicted run over 20 a parameter."""
    claim = facts.claim("overtraining_scaling_2024-04")
    return float(claim["value"]) / number(claim["model"]) / CHINCHILLA_RATIO


def fit_cost_saved(task_errors: bool, facts: Facts) -> tuple[float, float]:
    """FLOPs of each predicted run over those of the runs of the fit: (least, most).

    The fit of losses has the models below 1B at 20 tokens a parameter, and the smallest at 320; that of task errors
    the one of 1.4B at 20 besides.
    """
    runs = trained(facts)
    runs = runs[runs["family"] == "openlm-rpj"]
    n, d = runs["n_params"].to_numpy(), runs["n_tokens"].to_numpy()
    ratio = d / n / CHINCHILLA_RATIO
    optimal, over = np.abs(ratio - 1) < 0.1, np.abs(ratio / 16 - 1) < 0.1
    fitted = (optimal & (n < (2e9 if task_errors else 1e9))) | (over & (n < 2e7))
    flops = training_flops(n, d)
    saved = flops[(n > 1e9) & ~(optimal & (n < 2e9))] / flops[fitted].sum()
    return float(saved.min()), float(saved.max())


def pixels(facts: Facts) -> float:
    """Tokens of an image when each pixel is one."""
    return float(image_tokens(IMAGE_SIDE, 1))


def tiled_traffic(tokens: int, head_size: int, cache: int) -> float:
    """Numbers that attention in tiles moves: keys and values once, queries and outputs for each block of keys.

    Four blocks of equal length, of queries, keys, values and outputs, fill the cache (FlashAttention). Counted without
    the formula of attention_io.traffic, which is the claim's own.
    """
    block = cache // (4 * head_size)
    return 2.0 * tokens * head_size * (1 + -(-tokens // block))


def traffic_exponent(facts: Facts) -> float:
    """The power of the cache's size that the traffic of a long sequence follows, from doubling the cache."""
    small, large = (tiled_traffic(2**20, 128, cache) for cache in (2**16, 2**17))
    return math.log2(large / small)


CHECKS = (
    Check("megatron_2021-03", "count", "502 PFLOP/s over 3,072 GPUs, against the dense bf16 peak of an A100.",
          megatron_utilization),
    Check("frontier_llm_2023-01", "count", "6 N D for 1T parameters and 20T tokens.", budget_flops, "near"),
    Check("zero_infinity_2021-04", "own rows", "TFLOP/s of one GPU times 512.", v100_pflops, "at least"),
    Check("zero_infinity_2021-05", "own rows", "25 PFLOP/s over 512 V100, against 125 TFLOP/s of each.",
          v100_utilization, "near"),
    Check("overtraining_scaling_2024-01", "own rows", "Runs counted by size, tokens and data set.", n_trained),
    Check("overtraining_scaling_2024-02", "own rows", "Smallest and largest run.", size_range),
    Check("overtraining_scaling_2024-03", "count", "900B tokens over 1.4B parameters over 20.", overtrained),
    Check("overtraining_scaling_2024-04", "own rows", "The most tokens of a run of 1.4B.",
          partial(most_tokens, "overtraining_scaling_2024-04"), "near",
          "The run has 921B tokens; the abstract rounds."),
    Check("overtraining_scaling_2024-05", "own rows", "The most tokens of a run of 6.9B.",
          partial(most_tokens, "overtraining_scaling_2024-05")),
    Check("overtraining_scaling_2024-06", "own rows", "6 N D of the runs of 6.9B and of 1.4B over that of the runs of "
          "the fit: models below 1B at 20 tokens a parameter, the smallest at 320.", partial(fit_cost_saved, False),
          "covers"),
    Check("overtraining_scaling_2024-07", "own rows", "6 N D of the runs of 6.9B and of 1.4B over that of the runs of "
          "the fit: those of the losses and the model of 1.4B at 20 tokens a parameter.",
          partial(fit_cost_saved, True), "at least"),
    Check("attention_io_2024-01", "count", "Traffic of attention in tiles counted for 1M tokens with a cache of 64K "
          "and of 128K numbers.", traffic_exponent),
    Check("patch_scaling_2025-01", "count", "Pixels of an image of 224 x 224.", pixels),
)  # fmt: skip
