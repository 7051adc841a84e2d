"""Does it fit: the bytes of weights, cache and activations while serving, by number format, on a set of devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.formats import get_format
from analysis.serving.architecture import Architecture

BITS_PER_BYTE = 8
FP32_BITS = 32.0
USABLE = 0.9  # share of a device's memory left to the model; vLLM's own default, gpu_memory_utilization
PREFILL_CHUNK = 2048  # prompt tokens read in one step: vLLM's default max_num_batched_tokens
COLUMNS = ("weights", "cache", "activations")


def bits_per_element(name: str) -> float:
    """Bits stored for an element of a format, scales included (nvfp4: 4.5). ValueError for an unknown name."""
    if name == "fp32":
        return FP32_BITS
    found = get_format(name)
    return float(getattr(found, "bits_per_element", found.bits))


def bytes_per_element(name: str) -> float:
    """Bytes stored for an element of a format, scales included."""
    return bits_per_element(name) / BITS_PER_BYTE


@dataclass(frozen=True)
class ServingFormats:
    """The formats in which a model is served; `embeddings` are often left in 16 bits, "" stores them as the weights."""

    weights: str = "bf16"
    activations: str = "bf16"
    cache: str = "bf16"
    embeddings: str = ""

    def of_part(self, part: str) -> str:
        """The format of a part of the weights (analysis.serving.architecture.PARTS)."""
        return self.embeddings or self.weights if part == "embeddings" else self.weights


def weight_bytes(model: Architecture, formats: ServingFormats) -> dict[str, float]:
    """Bytes of the weights by part, scaled so that the parts add up to the count that the model's source prints."""
    scale = model.n_params / sum(model.params.values())
    return {part: n * scale * bytes_per_element(formats.of_part(part)) for part, n in model.params.items() if n}


def cache_bytes(
    model: Architecture, cache: str, context: np.ndarray | float, sequences: np.ndarray | float = 1.0
) -> np.ndarray:
    """Bytes of the key/value cache of `sequences` sequences of `context` tokens each.

    2 x layers x KV heads x head size x bytes per token; MLA and windows as in Architecture.cached_elements.
    """
    return model.cached_elements(context) * np.asarray(sequences, float) * bytes_per_element(cache)


def activation_bytes(model: Architecture, activations: str, tokens: float, sequences: float) -> float:
    """Bytes alive at once in a step over `tokens` tokens: residual stream and widest layer; logits in float32.

    Own accounting: two copies of the residual, and the larger of attention (queries, keys, values, output) and
    feed-forward (gate, up, product); no source prints one formula.
    """
    attention = model.query_width + model.cached_per_token + model.value_width
    active = (model.n_experts_active + model.n_shared_experts) * model.d_ff_expert
    widest = max(attention, model.mlp_matrices * max(model.d_ff, active))
    return tokens * (2 * model.d_model + widest) * bytes_per_element(activations) + sequences * model.vocab * 4.0


@dataclass(frozen=True)
class Devices:
    """A set of equal devices of `memory_gb` [1e9 bytes] each; the model may use the share `usable` of it."""

    count: int
    memory_gb: float
    usable: float = USABLE

    @property
    def bytes(self) -> float:
        """What the model may use in all."""
        return self.count * self.memory_gb * 1e9 * self.usable


def cache_copies(model: Architecture, devices: int) -> float:
    """How often the cache is stored when a model is split over `devices` by its heads.

    Beyond one device per KV head each head's cache is repeated (tensor parallelism, Shoeybi et al. 2019, arXiv
    1909.08053, with grouped heads). An MLA latent has no heads: sequences are spread instead, as DeepSeek-V3 is
    served (arXiv 2412.19437, section 3.4), so it is stored once.
    """
    return 1.0 if model.attention == "mla" else max(1.0, devices / model.n_kv_heads)


def demand(
    model: Architecture, formats: ServingFormats, context: float, sequences: float, devices: int = 1
) -> dict[str, float]:
    """Bytes of all devices together by part (COLUMNS) while serving `sequences` sequences of `context` tokens.

    Activations: the larger of a prefill chunk and a decode step, on every device.
    """
    step = max(min(PREFILL_CHUNK, context), sequences)
    return {
        "weights": sum(weight_bytes(model, formats).values()),
        "cache": float(cache_bytes(model, formats.cache, context, sequences)) * cache_copies(model, devices),
        "activations": devices * activation_bytes(model, formats.activations, step, sequences),
    }


def fits(model: Architecture, formats: ServingFormats, context: float, sequences: float, devices: Devices) -> bool:
    """Whether weights, cache and activations fit into what the devices leave to the model."""
    return sum(demand(model, formats, context, sequences, devices.count).values()) <= devices.bytes


def most_sequences(model: Architecture, formats: ServingFormats, context: float, devices: Devices) -> int:
    """The largest number of sequences of `context` tokens that fit at once; 0 when not even one does."""
    return _most(lambda n: fits(model, formats, context, n, devices), 2**24)


def longest_context(model: Architecture, formats: ServingFormats, sequences: float, devices: Devices) -> int:
    """The longest context [tokens] that `sequences` sequences may have; 0 when not even one token fits."""
    return _most(lambda n: fits(model, formats, n, sequences, devices), 2**30)


def _most(holds: Callable[[int], bool], limit: int) -> int:
    """The largest n up to `limit` for which `holds(n)`, which is true up to some n only; 0 for none."""
    if not holds(1):
        return 0
    low, high = 1, 2
    while high < limit and holds(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def least_devices(
    model: Architecture, formats: ServingFormats, context: float, sequences: float, memory_gb: float
) -> int | None:
    """The smallest power of two of devices, up to 1,024, that hold the model; None when none does."""
    counts = (2**i for i in range(11))
    return next((n for n in counts if fits(model, formats, context, sequences, Devices(n, memory_gb))), None)


def by_format(
    model: Architecture, choices: dict[str, ServingFormats], context: float, sequences: float, devices: Devices
) -> pd.DataFrame:
    """One row per choice of formats: bytes of all devices by part [GB], total, share, fits, most_sequences,
    longest_context."""
    rows = []
    for name, formats in choices.items():
        parts = demand(model, formats, context, sequences, devices.count)
        total = sum(parts.values())
        rows.append(
            {"formats": name, **{part: size / 1e9 for part, size in parts.items()}}
            | {"total": total / 1e9, "share": total / devices.bytes, "fits": total <= devices.bytes}
            | {"most_sequences": most_sequences(model, formats, context, devices)}
            | {"longest_context": longest_context(model, formats, sequences, devices)}
        )
    return pd.DataFrame(rows)
