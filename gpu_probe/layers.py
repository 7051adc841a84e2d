"""The matrix products of a transformer's linear layers in a training step, by model size.

The family of models is that of Quartet's published tables: hidden size 128 a layer, gated feed-forward.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

HIDDEN_PER_LAYER, FEED_FORWARD_STEP = 128, 256
SEQUENCE = 512  # tokens, as in Quartet's tables


class Work(NamedTuple):
    """One product of a step: phase is forward or backward, `count` how often a step of the model makes it."""

    n_params: int
    phase: str
    m: int
    n: int
    k: int
    count: int


class Models(NamedTuple):
    """Which models are measured, by their layers, and on how many sequences of 512 tokens a step."""

    depths: tuple[int, ...]
    batch: int

    @property
    def tokens(self) -> int:
        """Tokens in a step."""
        return self.batch * SEQUENCE


MODELS = {"cpu": Models((4,), 1), "accelerator": Models((8, 16, 32), 32)}


def models_on(kind: str) -> Models:
    """The models that are measured on a kind of device (cpu, cuda, rocm, mps)."""
    return MODELS["cpu" if kind == "cpu" else "accelerator"]


def sizes(layers: int) -> tuple[int, int]:
    """Hidden and feed-forward size of the model with that many layers."""
    hidden = HIDDEN_PER_LAYER * layers
    return hidden, -(-8 * hidden // (3 * FEED_FORWARD_STEP)) * FEED_FORWARD_STEP


def n_params(layers: int) -> int:
    """Parameters of the linear layers of the model. Source: every size of Quartet's tables is one of these."""
    hidden, feed_forward = sizes(layers)
    return layers * (4 * hidden**2 + 3 * hidden * feed_forward)


def matrices(layers: int) -> tuple[tuple[int, int], ...]:
    """Outputs n and inputs k of the four linear layers in each layer of the model with that many."""
    hidden, feed_forward = sizes(layers)
    return (3 * hidden, hidden), (hidden, hidden), (2 * feed_forward, hidden), (hidden, feed_forward)


def layers_on(kind: str) -> Iterator[tuple[int, int, int]]:
    """Tokens, outputs and inputs of every linear layer that is measured on a kind of device."""
    models = models_on(kind)
    for layers in models.depths:
        for n, k in matrices(layers):
            yield models.tokens, n, k


def step_work(models: Models) -> Iterator[Work]:
    """Every product of the four linear layers of each model in one step, m tokens in all layers.

    A layer of n outputs and k inputs makes (tokens, n, k) forward; backward (tokens, k, n) for its input's gradient
    and (n, k, tokens) for its weights'.
    """
    for layers in models.depths:
        total = n_params(layers)
        for n, k in matrices(layers):
            yield Work(total, "forward", models.tokens, n, k, layers)
            yield Work(total, "backward", models.tokens, k, n, layers)
            yield Work(total, "backward", n, k, models.tokens, layers)
