"""Integers of any width as planes of bits: a product of p by q bits is p q products of single bits, exactly.

Source: ABQ-LLM, arXiv 2408.08554, which gives any pair of widths to binary tensor cores in this way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MOST_BITS = 16


class BinaryProduct(NamedTuple):
    """One of the p q products: which bits of each side, what a match of two ones counts, and the matches (m, n)."""

    activation_bit: int
    weight_bit: int
    factor: int
    matches: np.ndarray


def plane_factors(bits: int, signed: bool) -> list[int]:
    """What each bit of an integer counts, the lowest first; in two's complement the highest counts against."""
    factors = [1 << bit for bit in range(bits)]
    return [*factors[:-1], -factors[-1]] if signed else factors


def planes(values: np.ndarray, bits: int, signed: bool) -> np.ndarray:
    """Zeros and ones (bits, *shape) of integers, the lowest bit first.

    Raises ValueError naming the first value that so many bits do not hold.
    """
    if not 1 <= bits <= MOST_BITS:
        raise ValueError(f"bits is {bits}; give 1 to {MOST_BITS}")
    factors = plane_factors(bits, signed)
    low, high = sum(min(factor, 0) for factor in factors), sum(max(factor, 0) for factor in factors)
    bad = values[(values < low) | (values > high)]
    if bad.size:
        kind = "signed" if signed else "unsigned"
        raise ValueError(f"{bad.flat[0]} does not fit into {bits} {kind} bits; they hold {low} to {high}")
    return np.stack([(values.astype(np.int64) >> bit) & 1 for bit in range(bits)]).astype(np.uint8)


def binary_products(a: np.ndarray, w: np.ndarray, a_bits: int, w_bits: int, signed: bool = True) -> list[BinaryProduct]:
    """The products of single bits that a (m, k) times w (n, k) transposed splits into, one for each pair of bits."""
    of_a, of_w = planes(a, a_bits, signed), planes(w, w_bits, signed)
    factors = (plane_factors(a_bits, signed), plane_factors(w_bits, signed))
    return [
        BinaryProduct(i, j, left * right, of_a[i].astype(np.int64) @ of_w[j].astype(np.int64).T)
        for i, left in enumerate(factors[0])
        for j, right in enumerate(factors[1])
    ]


def total(parts: list[BinaryProduct]) -> np.ndarray:
    """The sum of the products, each times its factor: the integer product (m, n), exactly."""
    return np.sum([part.factor * part.matches for part in parts], axis=0)
