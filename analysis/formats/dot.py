"""Sums and products of vectors and matrices with a chosen accumulator and order of addition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.formats.accumulate import ACCUMULATORS, Accumulator, get_accumulator
from analysis.formats.arrays import as_tensor

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array

PROMOTED = 128  # products between two promotions to float32, as in DeepGEMM
ROOM = 2**22  # products held at a time


def _sequential(terms: torch.Tensor, accumulator: Accumulator, every: int) -> torch.Tensor:
    """From the first to the last, as many at once as the accumulator takes."""
    import torch

    total = torch.zeros(terms.shape[:-1], dtype=torch.float64, device=terms.device)
    for start in range(0, terms.shape[-1], accumulator.at_once):
        total = accumulator.add(total, terms[..., start : start + accumulator.at_once])
    return total


def _pairwise(terms: torch.Tensor, accumulator: Accumulator, every: int) -> torch.Tensor:
    """Neighbours in pairs, then the sums of pairs, and so on; an odd one out waits for the next round."""
    import torch

    sums = terms
    while sums.shape[-1] > 1:
        last = sums[..., sums.shape[-1] // 2 * 2 :]
        pairs = accumulator.add(sums[..., 0 : sums.shape[-1] - 1 : 2], sums[..., 1::2].unsqueeze(-1))
        sums = torch.cat([pairs, last], dim=-1)
    first = torch.zeros(terms.shape[:-1], dtype=torch.float64, device=terms.device)
    return accumulator.add(first, sums) if sums.shape[-1] else first


def _promoted(terms: torch.Tensor, accumulator: Accumulator, every: int) -> torch.Tensor:
    """Runs of `every` terms from the first to the last, each one's sum added to a float32 total."""
    import torch

    total = torch.zeros(terms.shape[:-1], dtype=torch.float64, device=terms.device)
    for start in range(0, terms.shape[-1], every):
        part = _sequential(terms[..., start : start + every], accumulator, every)
        total = ACCUMULATORS["fp32"].add(total, part.unsqueeze(-1))
    return total


ORDERS = {"sequential": _sequential, "pairwise": _pairwise, "promoted": _promoted}


def accumulate(terms: Array, accumulator: str = "fp32", order: str = "sequential", every: int = PROMOTED) -> Any:
    """The sum of `terms` along their last axis, float64 holding what the accumulator does.

    order: sequential, pairwise, or promoted (every `every` terms to a float32 total). Terms are taken as float64.
    Raises ValueError for an unknown accumulator or order, and for a scalar.
    """
    tensor, back = as_tensor(terms)
    return back(_summed(tensor.double(), accumulator, order, every))


def dot(a: Array, b: Array, accumulator: str = "fp32", order: str = "sequential", every: int = PROMOTED) -> Any:
    """The dot products of float32 vectors along the last axis of `a` and `b` (same shape), as accumulate gives them.

    Every product is exact before it is added, as in a fused multiply-add.
    """
    left, back = as_tensor(a)
    right = as_tensor(b)[0]
    if left.shape != right.shape:
        raise ValueError(f"vectors of shapes {list(left.shape)} and {list(right.shape)}; give two of one shape")
    return back(_summed(left.float().double() * right.float().double(), accumulator, order, every))


def matmul(a: Array, b: Array, accumulator: str = "fp32", order: str = "sequential", every: int = PROMOTED) -> Any:
    """The product of float32 matrices (m, k) and (k, n), every element summed over k as dot does it; (m, n) float64."""
    import torch

    left, back = as_tensor(a)
    right = as_tensor(b)[0]
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0]:
        raise ValueError(f"matrices of shapes {list(left.shape)} and {list(right.shape)}; write (m, k) and (k, n)")
    left, columns = left.float().double(), right.float().double().T
    rows = max(1, ROOM // max(columns.numel(), 1))
    parts = [_summed(part.unsqueeze(1) * columns, accumulator, order, every) for part in left.split(rows)]
    return back(torch.cat(parts))


def _summed(terms: torch.Tensor, accumulator: str, order: str, every: int) -> torch.Tensor:
    chosen = get_accumulator(accumulator)
    if order not in ORDERS:
        raise ValueError(f"unknown order '{order}'; choose one of {', '.join(ORDERS)}")
    if terms.ndim == 0:
        raise ValueError("one number is no sum; give terms along an axis")
    if every < 1:
        raise ValueError(f"a promotion every {every} terms cannot be; write 1 or more")
    return ORDERS[order](terms, chosen, every)
