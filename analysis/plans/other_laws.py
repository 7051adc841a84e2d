"""The planner's question asked of every law that can answer it: in how many bits should a model be trained?

All are asked the same: a model of N parameters, and the compute that trains it on D tokens at 16 bits. Training costs
in proportion to its bits (the BOPS model of Quartet; C = (6/16) N D P of Kumar et al.), so P bits see 16 D / P tokens.
Which P has the lowest loss? Each law is evaluated with the coefficients of its own source; only its own losses are
compared with each other, since baselines differ between sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.laws import get_law

FULL = 16.0
BLOCK = 32.0  # elements per scale
Needs = tuple[tuple[str, str, str], ...]  # law, source, variant
Sets = Mapping[str, Mapping[str, float]]  # law -> its values


@dataclass(frozen=True)
class Answerer:
    """A law with its base that can say how many bits to train in.

    `needs` are (law, source, variant); `loss(sets, n, d, bits)` is the loss after training in `bits`, which broadcasts;
    `widths` are those that it knows; `means` says what has the bits; `limits` is the law whose published ranges hold.
    """

    name: str
    title: str
    needs: Needs
    widths: tuple[float, ...]
    loss: Callable[[Sets, np.ndarray, np.ndarray, float], np.ndarray]
    means: str
    limits: str


def quartet_loss(sets: Sets, n: np.ndarray, d: np.ndarray, bits: float) -> np.ndarray:
    values = sets["quartet"]
    base = {name: value for name, value in values.items() if not name.startswith("eff_")}
    eff_n, eff_d = (values["eff_n"], values["eff_d"]) if bits == 4 else (1.0, 1.0)
    return get_law("quartet").evaluate(base, {"n_params": n * eff_n, "n_tokens": d * eff_d})


def _precision(sets: Sets, n: np.ndarray, d: np.ndarray, bits: float) -> np.ndarray:
    widths = dict.fromkeys(("weight_bits", "activation_bits", "kv_bits"), np.array(bits))
    return get_law("precision").evaluate(sets["precision"], {"n_params": n, "n_tokens": d, **widths})


def best_split(values: Mapping[str, float], bits: float) -> tuple[int, int]:
    """The exponent and mantissa bits that the law of Sun et al. prefers for so many bits, sign included."""
    law, x = get_law("fp_quantization"), {"bits": np.array([bits])}
    exponent, mantissa = (law.derive(name, values, x) for name in ("exponent_best", "mantissa_best"))
    return int(exponent[0]), int(mantissa[0])


def _fp_quantization(sets: Sets, n: np.ndarray, d: np.ndarray, bits: float) -> np.ndarray:
    values = sets["fp_quantization"]
    exponent, mantissa = best_split(values, bits)
    split = {"exponent_bits": np.array(exponent), "mantissa_bits": np.array(mantissa), "block_size": np.array(BLOCK)}
    return get_law("fp_quantization").evaluate(values, {"n_params": n, "n_tokens": d, **split})


def _qat(sets: Sets, n: np.ndarray, d: np.ndarray, bits: float) -> np.ndarray:
    loss = get_law("chinchilla").evaluate(sets["chinchilla"], {"n_params": n, "n_tokens": d})
    if bits == FULL:
        return loss
    x = {"n_params": n, "n_tokens": d, "block_size": np.array(BLOCK)}
    return loss + get_law("qat_error").evaluate(sets["qat_error"], x)


ANSWERERS = (
    Answerer(
        "quartet",
        "Quartet",
        (("quartet", "quartet_2025", "newest"),),
        (4.0, 8.0, 16.0),
        quartet_loss,
        "matrix products forward and backward; 8 bits count as 16 do",
        "quartet",
    ),
    Answerer(
        "precision",
        "Kumar et al.",
        (("precision", "precision_laws_2024", "integer_full"),),
        tuple(np.arange(4.0, 17.0)),
        _precision,
        "weights, activations and KV cache, integers",
        "precision",
    ),
    Answerer(
        "fp_quantization",
        "Sun et al.",
        (("fp_quantization", "fp_quant_law_2025", "unified"),),
        tuple(np.arange(3.0, 17.0)),
        _fp_quantization,
        "inputs of matrix products, floating point with the best split of exponent and mantissa, blocks of 32",
        "fp_quantization",
    ),
    Answerer(
        "qat_error",
        "Chen et al.",
        (("qat_error", "qat_law_2025", "W4A4"), ("chinchilla", "qat_law_2025", "bf16_base")),
        (4.0, 16.0),
        _qat,
        "weights and activations in training that ends in 4 bits, groups of 32; it knows 4 and 16 bits",
        "qat_error",
    ),
)


def sets_of(needs: Needs, coefficients: pd.DataFrame) -> dict[str, dict[str, float]] | None:
    """The published values needed, by law, from the table law_coefficients; None when a set is missing."""
    found = {}
    for law, source, variant in needs:
        own = coefficients[
            (coefficients["law"] == law) & (coefficients["source_id"] == source) & (coefficients["variant"] == variant)
        ]
        if own.empty:
            return None
        found[law] = dict(zip(own["symbol"], own["value"].astype(float), strict=True))
    return found


def losses(answerer: Answerer, sets: Sets, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    """The loss of every width (widths, ...) for N parameters and the compute of D tokens at 16 bits."""
    both = np.broadcast_arrays(np.asarray(n, float), np.asarray(d, float))
    own = [answerer.loss(sets, both[0], both[1] * FULL / bits, bits) for bits in answerer.widths]
    return np.where(np.isnan(own), np.inf, own)


def best_bits(answerer: Answerer, sets: Sets, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    """The bits of lowest loss at each N and D at 16 bits."""
    return np.array(answerer.widths)[losses(answerer, sets, n, d).argmin(0)]


def outside(answerer: Answerer, n: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Where N and D lie beyond the runs behind a law's published coefficients, and the sentences that say so."""
    return get_law(answerer.limits).outside({"n_params": n, "n_tokens": d}, published=True)


def verdicts(coefficients: pd.DataFrame, n: float, d: float) -> pd.DataFrame:
    """One row per law that can answer: law, bits, format, gain (nats/token below its own 16 bits), means, validity."""
    rows = []
    for answerer in ANSWERERS:
        sets = sets_of(answerer.needs, coefficients)
        if sets is None:
            continue
        own = losses(answerer, sets, np.array(n), np.array(d))
        bits = float(answerer.widths[int(own.argmin())])
        beyond, sentences = outside(answerer, np.array([n]), np.array([d]))
        rows.append(
            {
                "law": answerer.title,
                "bits": bits,
                "format": _format(answerer, sets, bits),
                "gain": float(own[answerer.widths.index(FULL)] - own.min()),
                "means": answerer.means,
                "validity": "; ".join(sentences) if beyond[0] else _inside(answerer),
            }
        )
    return pd.DataFrame(rows, columns=["law", "bits", "format", "gain", "means", "validity"])


def _inside(answerer: Answerer) -> str:
    if not get_law(answerer.limits).ranges:
        return "fitted on 30M to 200M parameters, checked by its authors up to 8B"
    return "within the runs behind it"


def _format(answerer: Answerer, sets: Sets, bits: float) -> str:
    if answerer.name == "fp_quantization":
        exponent, mantissa = best_split(sets["fp_quantization"], bits)
        return f"E{exponent}M{mantissa}"
    return f"{bits:g} bits"
