"""What four bits cost by each law, in training or after it, and the data beyond which more of them hurt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.laws import get_law
from analysis.plans.other_laws import BLOCK, FULL, Needs, Sets, quartet_loss, sets_of


@dataclass(frozen=True)
class Added:
    """What low precision adds to the loss by one law: `of(sets, n, d)` [nats/token]; the rest as of an Answerer."""

    title: str
    after_training: bool
    needs: Needs
    of: Callable[[Sets, np.ndarray, np.ndarray], np.ndarray]
    limits: str


def _ptq(sets: Sets, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    x = {"n_params": n, "n_tokens": d, "post_bits": np.array(4.0)}
    return get_law("ptq_degradation").evaluate(sets["ptq_degradation"], x)


def _precision_post(sets: Sets, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    widths = {name: np.array(FULL) for name in ("weight_bits", "activation_bits", "kv_bits")}
    x = {"n_params": n, "n_tokens": d, "post_bits": np.array(4.0), **widths}
    return get_law("precision").derive("loss_post", sets["precision"], x)


def _qat_added(sets: Sets, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    return get_law("qat_error").evaluate(
        sets["qat_error"], {"n_params": n, "n_tokens": d, "block_size": np.array(BLOCK)}
    )


def _fp_added(sets: Sets, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    x = {"n_params": n, "n_tokens": d, "exponent_bits": np.array(2), "mantissa_bits": np.array(1)}
    return get_law("fp_quantization").derive(
        "loss_quantization", sets["fp_quantization"], {**x, "block_size": np.array(BLOCK)}
    )


def _quartet_added(sets: Sets, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    return quartet_loss(sets, n, d, 4.0) - quartet_loss(sets, n, d, FULL)


ADDED = (
    Added("Ouyang et al.: GPTQ to 4 bits after training", True,
          (("ptq_degradation", "undertrained_qid_2024", "unified_gptq_pythia"),), _ptq, "ptq_degradation"),
    Added("Kumar et al.: weights to 4 bits after training", True,
          (("precision", "precision_laws_2024", "integer_full"),), _precision_post, "precision"),
    Added("Chen et al.: 4-bit weights and activations in training (QAT)", False,
          (("qat_error", "qat_law_2025", "W4A4"),), _qat_added, "qat_error"),
    Added("Chen et al.: 4-bit weights in training (QAT)", False,
          (("qat_error", "qat_law_2025", "W4A16"),), _qat_added, "qat_error"),
    Added("Sun et al.: E2M1 inputs of all products in training", False,
          (("fp_quantization", "fp_quant_law_2025", "unified"),), _fp_added, "fp_quantization"),
    Added("Quartet: FP4 forward and backward in training", False,
          (("quartet", "quartet_2025", "newest"),), _quartet_added, "quartet"),
)  # fmt: skip


def added_losses(coefficients: pd.DataFrame, n: float, d: np.ndarray) -> pd.DataFrame:
    """What 4 bits add to the loss by each law at N parameters over tokens: title, after_training, n_tokens, added,
    extrapolated. Every law at equal N and D, above its own 16 bits."""
    parts = []
    for own in ADDED:
        sets = sets_of(own.needs, coefficients)
        if sets is None:
            continue
        size = np.full(len(d), n)
        beyond, _ = get_law(own.limits).outside({"n_params": size, "n_tokens": d}, published=True)
        parts.append(
            pd.DataFrame(
                {
                    "title": own.title,
                    "after_training": own.after_training,
                    "n_tokens": d,
                    "added": own.of(sets, size, d),
                    "extrapolated": beyond,
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


CRITICAL = (
    ("Kumar et al.: weights to 4 bits after training", ("precision", "precision_laws_2024", "integer_full"),
     {"post_bits": 4.0}),
    ("Kumar et al.: weights to 3 bits after training", ("precision", "precision_laws_2024", "integer_full"),
     {"post_bits": 3.0}),
    ("Sun et al.: trained in E2M1", ("fp_quantization", "fp_quant_law_2025", "unified"),
     {"exponent_bits": 2, "mantissa_bits": 1, "block_size": BLOCK}),
    ("Sun et al.: trained in E4M3", ("fp_quantization", "fp_quant_law_2025", "unified"),
     {"exponent_bits": 4, "mantissa_bits": 3, "block_size": BLOCK}),
)  # fmt: skip


def critical_data(coefficients: pd.DataFrame, n: np.ndarray) -> pd.DataFrame:
    """The tokens beyond which more data raise the loss, by law and size: title, n_params, n_tokens."""
    parts = []
    for title, need, given in CRITICAL:
        sets = sets_of((need,), coefficients)
        if sets is not None:
            x = {"n_params": n, **{name: np.array(value) for name, value in given.items()}}
            tokens = get_law(need[0]).derive("d_crit", sets[need[0]], x)
            parts.append(pd.DataFrame({"title": title, "n_params": n, "n_tokens": tokens}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
