"""Claims that laws with published coefficients and emulated arithmetic give."""

from __future__ import annotations

import numpy as np

from analysis.evidence.check import Check
from analysis.evidence.facts import Facts
from analysis.formats.reductions import products
from analysis.laws import get_law

BUDGETS = np.geomspace(1e21, 1e31, 11)  # FLOPs; the span that Sun et al. draw
BLOCK = 128.0  # elements per scale of their runs
PAIRS = 20_000  # products by L-Mul and by floats
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


def bits_as_exact_as_e4m3(facts: Facts) -> float:
    """The fewest mantissa bits of L-Mul whose mean relative error is not above that of a product in e4m3."""
    return _fewest_bits("e4m3", "mean_error")


def bits_as_exact_as_e5m2(facts: Facts) -> float:
    """The fewest mantissa bits of L-Mul whose RMS relative error is not above that of a product in e5m2."""
    return _fewest_bits("e5m2", "rms_error")


def _fewest_bits(peer: str, error: str) -> float:
    table = products(pairs=PAIRS)
    own = table[table["kind"] == "L-Mul"]
    bound = abs(float(table.loc[table["kind"] == peer, error].iloc[0]))
    return float(own.loc[own[error].abs() <= bound, "mantissa_bits"].min())


CHECKS = (
    Check("fp_quant_law_2025-01", "law", "Compute-optimal bits for 1e21 to 1e31 FLOPs, blocks of 128, when cost grows "
          "with bits.", cheapest_bits, "within"),
    Check("undertrained_qid_2024-02", "law", "Tokens after which 4 bits add 0.2 to the loss of a model of 405B.",
          tokens_that_hurt, "at most"),
    Check("lmul_2024-03", "emulation", "The fewest mantissa bits of L-Mul whose mean error over 20,000 products is "
          "not above that of E4M3; by RMS error it stays above E4M3 at any width.", bits_as_exact_as_e4m3, "at most"),
    Check("lmul_2024-04", "emulation", "The fewest mantissa bits of L-Mul whose RMS error over 20,000 products is not "
          "above that of E5M2.", bits_as_exact_as_e5m2),
)  # fmt: skip
