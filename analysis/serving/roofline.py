"""How long a step of a model takes at best: every operation against the ceilings of compute and of memory.

The roofline is Williams, Waterman and Patterson 2009: an operation takes the longer of its FLOPs over the rate of
arithmetic and its bytes over the bandwidth. Operations follow one another; what devices send each other comes on top
(analysis.serving.links).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.serving.architecture import Architecture
from analysis.serving.ceilings import WIDE_RATES, Ceilings, arithmetic
from analysis.serving.memory import ServingFormats, bytes_per_element, cache_bytes, cache_copies

OPERATION_COLUMNS = ["operation", "flops", "bytes", "seconds", "intensity", "tflops", "bound", "rate"]


@dataclass(frozen=True)
class Step:
    """What is computed at once: `sequences` sequences, each of `new` tokens after `before` tokens in the cache.

    Decoding has one new token a sequence; `logits` counts the positions of a sequence whose logits are needed.
    """

    sequences: float
    new: float = 1.0
    before: float = 0.0
    logits: float = 1.0

    @property
    def tokens(self) -> float:
        """Tokens that pass through the layers."""
        return self.sequences * self.new

    @property
    def decodes(self) -> bool:
        """Whether each sequence gets one token."""
        return self.new == 1


@dataclass(frozen=True)
class Operation:
    """FLOPs and bytes of one kind of operation, all layers together, and the arithmetics it may run in."""

    name: str
    flops: float
    bytes: float
    rates: tuple[str, ...] = WIDE_RATES

    def seconds(self, ceilings: Ceilings, devices: int = 1) -> float:
        """The longer of computing and moving, spread evenly over `devices` [s]."""
        return max(self._times(ceilings)) / devices

    def bound(self, ceilings: Ceilings) -> str:
        """Whether compute or memory takes longer."""
        computing, moving = self._times(ceilings)
        return "compute" if computing >= moving else "memory"

    def _times(self, ceilings: Ceilings) -> tuple[float, float]:
        """Seconds that one device computes and moves."""
        return self.flops / ceilings.rate(self.rates)[1], self.bytes / (ceilings.bandwidth_gb_s * 1e9)


def operations(model: Architecture, formats: ServingFormats, step: Step, devices: int = 1) -> tuple[Operation, ...]:
    """What a step computes and moves, by kind of operation, over all layers and all `devices` together.

    A matrix product: 2 x tokens x inputs x outputs FLOPs; its weights, its inputs and its outputs move once. Norms,
    rotations and the look-up of embeddings are left out: they move little beside the products.
    """
    return (
        *_attention_matrices(model, formats, step),
        _attention(model, formats, step, cache_copies(model, devices)),
        *_feed_forward(model, formats, step),
        _product("logits", formats, step.sequences * step.logits, model.d_model, model.vocab, 1, formats.embeddings),
    )


def _product(
    name: str, formats: ServingFormats, tokens: float, inputs: float, outputs: float, times: float, weights: str = ""
) -> Operation:
    """`times` matrix products of the same shape."""
    stored = weights or formats.weights
    moved = inputs * outputs * bytes_per_element(stored) + tokens * (inputs + outputs) * bytes_per_element(
        formats.activations
    )
    rates = arithmetic(stored, formats.activations)
    return Operation(name, times * 2 * tokens * inputs * outputs, times * moved, rates)


def _attention_matrices(model: Architecture, formats: ServingFormats, step: Step) -> Iterator[Operation]:
    for name, inputs, outputs in model.attention_matrices:
        yield _product(name, formats, step.tokens, inputs, outputs, model.layers)


def _attention(model: Architecture, formats: ServingFormats, step: Step, copies: float) -> Operation:
    """Scores and values: 4 x heads x head size FLOPs a pair of positions; the cache is read once a step.

    Read once: FlashAttention (Dao et al. 2022, arXiv 2205.14135). MLA while decoding multiplies with the latent
    itself (absorbed, DeepSeek-V2, arXiv 2405.04434, section 2.1.2). Computed in 16 bits whatever the cache holds.
    """
    width = model.query_width + model.value_width
    if model.attention == "mla" and step.decodes:
        width = model.n_heads * (2 * model.kv_lora_rank + model.qk_rope_head_dim)
    after = step.before + step.new
    pairs = model.global_layers * _pairs(step, np.inf)
    pairs += (model.layers - model.global_layers) * _pairs(step, model.sliding_window or np.inf)
    read = float(cache_bytes(model, formats.cache, after, step.sequences)) * copies
    moved = step.tokens * model.layers * (model.query_width + model.value_width)
    return Operation("attention", 2 * pairs * width, read + moved * bytes_per_element(formats.activations))


def _pairs(step: Step, window: float) -> float:
    """Pairs of a new token and a position it attends to, itself included, when it sees `window` positions at most."""
    growing = max(0.0, min(step.new, window - step.before))  # new tokens that still see everything
    seen = growing * step.before + growing * (growing + 1) / 2
    return step.sequences * (seen + (step.new - growing) * (window if growing < step.new else 0.0))


def _feed_forward(model: Architecture, formats: ServingFormats, step: Step) -> Iterator[Operation]:
    d, matrices = model.d_model, model.mlp_matrices
    dense = model.layers - model.moe_layers
    if dense:
        yield _product("feed-forward", formats, step.tokens, d, model.d_ff, dense * matrices)
    if model.moe_layers:
        yield _product("router", formats, step.tokens, d, model.n_experts, model.moe_layers, "bf16")
        yield _experts(model, formats, step)
    if model.moe_layers and model.n_shared_experts:
        shared = model.n_shared_experts * model.d_ff_expert
        yield _product("shared experts", formats, step.tokens, d, shared, model.moe_layers * matrices)


def _experts(model: Architecture, formats: ServingFormats, step: Step) -> Operation:
    """Routed experts: each token multiplies with its own, and the weights of every expert that any token met move."""
    d, width, routed = model.d_model, model.d_ff_expert, step.tokens * model.n_experts_active
    per_token = model.mlp_matrices * (d + width) * bytes_per_element(formats.activations)
    weights = experts_met(model, step.tokens) * model.expert_params * bytes_per_element(formats.weights)
    flops = 2 * routed * model.expert_params
    rates = arithmetic(formats.weights, formats.activations)
    return Operation("experts", model.moe_layers * flops, model.moe_layers * (weights + routed * per_token), rates)


def experts_met(model: Architecture, tokens: float) -> float:
    """Experts of a layer that at least one of `tokens` tokens is sent to, expected when routing is uniform."""
    return model.n_experts * (1 - (1 - model.n_experts_active / model.n_experts) ** tokens)


def placed(parts: tuple[Operation, ...], ceilings: Ceilings, devices: int = 1) -> pd.DataFrame:
    """The operations on the roofline (OPERATION_COLUMNS): seconds on `devices`, FLOPs per byte, TFLOP/s of one device,
    whether compute or memory bounds them, and the arithmetic they run in."""
    rows = []
    for part in parts:
        seconds, (name, _) = part.seconds(ceilings, devices), ceilings.rate(part.rates)
        intensity, reached = part.flops / part.bytes, part.flops / seconds / devices / 1e12
        rows.append((part.name, part.flops, part.bytes, seconds, intensity, reached, part.bound(ceilings), name))
    return pd.DataFrame(rows, columns=OPERATION_COLUMNS)
