"""Claims that laws with published coefficients give."""

from __future__ import annotations

from functools import partial

import numpy as np

from analysis.evidence.check import Check
from analysis.evidence.facts import Facts
from analysis.laws import get_law
from analysis.plans.recipe import checked_against
from analysis.serving.ceilings import datasheet
from analysis.serving.memory import Devices, ServingFormats
from analysis.serving.serving import Load, Server
from analysis.serving.streams import compared_growth
from analysis.trust.regimes import LIMIT, RESOLUTION, VARIANCE, judged

BUDGETS = np.geomspace(1e21, 1e31, 11)  # FLOPs; the span that Sun et al. draw
BLOCK = 128.0  # elements per scale of their runs
STREAMS, SHORT = 8.0, Load(128, 128)  # the most streams of its runs, and a request of few tokens
LARGE, BITS, ADDED_LOSS = 405e9, 4.0, 0.2  # the largest model and the added loss that Ouyang et al. project


def cheapest_bits(facts: Facts) -> tuple[float, float]:
    """The least and the most compute-optimal bits over BUDGETS."""
    values = facts.coefficients("fp_quantization", "fp_quant_law_2025", "unified")
    x = {"flops": BUDGETS, "block_size": np.full(len(BUDGETS), BLOCK)}
    bits = get_law("fp_quantization").derive("optimal_bits", values, x)
    return float(bits.min()), float(bits.max())


def tokens_that_hurt(facts: Facts) -> float:
    """Tokens after which 4 bits add ADDED_LOSS to the loss of the largest model."""
    values = facts.coefficients("ptq_degradation", "undertrained_qid_2024", "unified_gptq_pythia")
    x = {"n_params": np.array(LARGE), "post_bits": np.array(BITS), "loss_increase": np.array(ADDED_LOSS)}
    return float(get_law("ptq_degradation").derive("d_reach", values, x))


def recipe_loss(facts: Facts) -> float:
    """The median over the published grids of what the run nearest to the law's rate and batch loses [%]."""
    rate, batch = (
        facts.coefficients(name, "step_law_2025", "closed_form") for name in ("step_law_lr", "step_law_batch")
    )
    return 100 * float(checked_against(facts.rows("lr_batch_runs"), rate, batch)["excess"].median())


def regimes(facts: Facts) -> float:
    """Kinds of exponents that intervals tell apart, for data and for model size, where they decide."""
    ends = np.linspace(0.05, 1.2, 24)
    found = {(scale, judged(low, high, scale)) for scale in LIMIT for low in ends for high in ends if low < high}
    return float(sum(verdict in (VARIANCE, RESOLUTION) for _, verdict in found))


def streams_against_size(column: str, facts: Facts) -> float:
    """What a larger model adds to `column` over what STREAMS streams of the same gain add, for one short request.

    Qwen2.5-1.5B in bf16 on an H100, by the roofline; the gain as the law of the source has it for code.
    """
    values = facts.coefficients("parscale", "parscale_2025", "stack_v2_python")
    size = float(get_law("parscale").derive("acting_size", values, {"streams": np.array(STREAMS)}))
    server = Server(
        facts.model("Qwen2.5-1.5B"), ServingFormats(), Devices(1, 80.0), datasheet(facts.device("H100 SXM"))
    )
    added = compared_growth(server, SHORT, int(STREAMS), size, 1)[column]
    return float(added.iloc[2] / added.iloc[1])


CHECKS = (
    Check("fp_quant_law_2025-01", "law", "Compute-optimal bits for 1e21 to 1e31 FLOPs, blocks of 128, when cost grows "
          "with bits.", cheapest_bits, "within"),
    Check("undertrained_qid_2024-02", "law", "Tokens after which 4 bits add 0.2 to the loss of a model of 405B.",
          tokens_that_hurt, "at most"),
    Check("step_law_2025-01", "own rows", "Loss of the run nearest to the law's rate and batch over the best of its "
          "grid, median over 17 grids of 1,911 runs.", recipe_loss, "near"),
    Check("explaining_scaling_laws_2021-01", "law", "Kinds of exponents, of data and of model size, that this program "
          "tells apart by their intervals.", regimes),
    Check("parscale_2025-01", "law", "GB that a larger Qwen2.5-1.5B adds over those of 8 streams of equal gain, for "
          "one request of 256 tokens: the most that such a request can save.",
          partial(streams_against_size, "added_gb"), "at least"),
    Check("parscale_2025-02", "law", "Time of a token that a larger Qwen2.5-1.5B adds over that of 8 streams of equal "
          "gain, for one request of 256 tokens on an H100.", partial(streams_against_size, "added_ms"), "at least"),
)  # fmt: skip
