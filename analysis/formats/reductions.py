"""Sums in several orders and precisions, and products by L-Mul beside rounded ones, as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.formats.accumulate import ACCUMULATORS, rounded
from analysis.formats.dot import ORDERS, accumulate
from analysis.formats.elements import ELEMENTS
from analysis.formats.groups import per_tensor
from analysis.formats.lmul import lmul

if TYPE_CHECKING:
    import torch

SUMS, PAIRS = 64, 100_000
LMUL_BITS = (2, 3, 4, 7, 10)
PEERS = ("e5m2", "e4m3", "bf16")


def sums(length: int, element: str = "e4m3", seed: int = 0) -> pd.DataFrame:
    """A row an accumulator and order: what SUMS dot products of `length` normal values lose.

    Operands are in `element` with a scale each, their products exact. error: RMS difference from the exact sums over
    the RMS of those; gap: the same between the terms as they come and shuffled.
    """
    import torch

    rng, fmt = np.random.default_rng(seed), per_tensor(ELEMENTS[element])
    a, b = (torch.from_numpy(np.float32(rng.standard_normal((SUMS, length)))) for _ in "ab")
    a, b = (torch.as_tensor(fmt.dequantize(fmt.quantize(x))).double() for x in (a, b))
    terms = a * b
    shuffled = terms[:, torch.from_numpy(rng.permutation(length))]
    exact, rows = terms.sum(dim=-1), []

    def share(difference: torch.Tensor) -> float:
        return float((difference.square().mean() / exact.square().mean()).sqrt())

    for accumulator in ACCUMULATORS.values():
        for order in ORDERS:
            first, second = (accumulate(x, accumulator.name, order) for x in (terms, shuffled))
            rows.append((accumulator.name, accumulator.title, order, share(first - exact), share(first - second)))
    return pd.DataFrame(rows, columns=["accumulator", "title", "order", "error", "gap"])


def products(seed: int = 0, pairs: int = PAIRS) -> pd.DataFrame:
    """A row a way to multiply `pairs` pairs of normal values: kind, mantissa_bits, and the mean and the RMS of the
    relative error.

    kind: L-Mul, L-Mul with carry, or the float whose operands and result are rounded to so many bits; exponents have
    no limits.
    """
    import torch

    x, y = torch.from_numpy(np.random.default_rng(seed).standard_normal((2, pairs)))
    ways = [("L-Mul", bits, lmul(x, y, bits)) for bits in LMUL_BITS]
    ways += [("L-Mul with carry", bits, lmul(x, y, bits, carry=True)) for bits in LMUL_BITS]
    for name in PEERS:
        bits = ELEMENTS[name].mantissa_bits
        ways.append((name, bits, rounded(rounded(x, bits + 1) * rounded(y, bits + 1), bits + 1)))
    rows = [(kind, bits, *_relative(found / (x * y) - 1)) for kind, bits, found in ways]
    return pd.DataFrame(rows, columns=["kind", "mantissa_bits", "mean_error", "rms_error"])


def _relative(errors: torch.Tensor) -> tuple[float, float]:
    return float(errors.mean()), float(errors.square().mean().sqrt())
