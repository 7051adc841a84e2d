"""What weights stored in few bits gain: on a GPU by the number of tokens, on a CPU by tables of sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WIDE_BITS = 16.0
GROUP_OF_128 = 4 + 16 / 128  # 4-bit codes with a 16-bit scale per 128, as MARLIN stores them


@dataclass(frozen=True)
class Layer:
    """A linear layer of `n` outputs and `k` inputs; tokens come and go in 16 bits."""

    n: int = 8192
    k: int = 8192

    def seconds(self, tokens: np.ndarray, weight_bits: float, tflops: float, gb_s: float) -> np.ndarray:
        """The roofline's time for each number of tokens: of its operations or of its bytes, whichever is longer."""
        operations = 2.0 * tokens * self.n * self.k
        moved = self.n * self.k * weight_bits / 8 + tokens * (self.n + self.k) * WIDE_BITS / 8
        return np.maximum(operations / (tflops * 1e12), moved / (gb_s * 1e9))


def byte_ceiling(weight_bits: float) -> float:
    """The most that weights of so many bits gain over 16: the ratio of what is read, scales among it."""
    return WIDE_BITS / weight_bits


def speedup(
    tokens: np.ndarray | float, weight_bits: float, tflops: float, gb_s: float, layer: Layer = Layer()
) -> np.ndarray:
    """Speed of a layer with weights of that many bits over 16 bits, for each number of tokens, on a device's peaks.

    Both multiply in 16 bits at `tflops` [TFLOP/s, dense] and read at `gb_s`. Near `byte_ceiling` while the few bits
    are bound by reading, falling from where they are bound by arithmetic, 1 where 16 bits are too.
    """
    many = np.asarray(tokens, float)
    wide = layer.seconds(many, WIDE_BITS, tflops, gb_s)
    return wide / layer.seconds(many, weight_bits, tflops, gb_s)


def fades_at(weight_bits: float, tflops: float, gb_s: float) -> tuple[float, float]:
    """Tokens from which few bits are bound by arithmetic, and from which 16 bits are; only weights count as bytes."""
    ridge = tflops * 1e12 / (gb_s * 1e9)  # operations that a byte must pay for
    return ridge * weight_bits / 16, ridge * WIDE_BITS / 16


WEIGHTS_PER_LOOKUP = 8  # single bits that one byte of a bit plane holds, and a table of 256 sums answers for


def lookups(bits: np.ndarray | float, layer: Layer) -> np.ndarray | float:
    """Tables' entries that one token reads in a layer: one for each plane of bits and each eight weights of it."""
    return bits * layer.n * layer.k / WEIGHTS_PER_LOOKUP


def lookups_per_second(bits: np.ndarray, seconds: np.ndarray, layer: Layer) -> float:
    """The rate under which `lookups` explains the times of one token best: least squares of a line through zero.

    The model is T-MAC's: time is proportional to the bits of a weight (arXiv 2407.00088).
    """
    counts = np.asarray(lookups(np.asarray(bits, float), layer))
    return float((counts**2).sum() / (counts * seconds).sum())
