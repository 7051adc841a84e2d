"""Accumulators: what a running sum keeps of each addition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Accumulator:
    """add(total, terms): `total` (...) after one step that adds terms (..., up to `at_once`); float64 throughout."""

    name: str
    title: str
    source: str
    add: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = field(repr=False)
    at_once: int = 1


def rounded(x: torch.Tensor, significant: int, smallest: float = 0.0, largest: float = np.inf) -> torch.Tensor:
    """float64 values rounded to nearest-even with so many significant bits; multiples of `smallest`, infinite beyond
    `largest`.
    """
    import torch

    step = torch.ldexp(torch.ones_like(x), torch.frexp(x)[1] - significant).clamp(min=smallest)
    near = torch.where(x == 0, x, (x / step).round() * step)
    return torch.where(near.abs() > largest, torch.copysign(torch.full_like(x, torch.inf), x), near)


def odd_sum(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a + b in float64, rounded to the neighbour with an odd last bit where it is not exact.

    Rounding the result again, to 51 bits or fewer, gives what one rounding of the exact sum does. Source: Boldo and
    Melquiond, "Emulation of a FMA and correctly rounded sums", 2008.
    """
    import torch

    total = a + b
    other = total - a
    lost = (a - (total - other)) + (b - other)
    even = (total.view(torch.int64) & 1) == 0
    moved = torch.nextafter(total, torch.copysign(torch.full_like(total, torch.inf), lost))
    return torch.where(even & (lost != 0) & torch.isfinite(lost), moved, total)


def _rounding(total: torch.Tensor, terms: torch.Tensor, limits: tuple[int, float, float]) -> torch.Tensor:
    return rounded(odd_sum(total, terms[..., 0]), *limits)


def _aligned(total: torch.Tensor, terms: torch.Tensor, bits: int) -> torch.Tensor:
    """All addends keep what lies within `bits` bits of the largest one's leading bit, the sum its own top `bits`."""
    import torch

    addends = torch.cat([total.unsqueeze(-1), terms], dim=-1)
    kept = _truncated(addends, addends.abs().amax(dim=-1, keepdim=True), bits).sum(dim=-1)
    kept = _truncated(kept, kept, bits)
    return torch.where(torch.isfinite(addends).all(dim=-1), kept, addends.sum(dim=-1))


def _truncated(x: torch.Tensor, leader: torch.Tensor, bits: int) -> torch.Tensor:
    import torch

    step = torch.ldexp(torch.ones_like(leader), torch.frexp(leader)[1] - bits)
    return torch.where(leader == 0, x, (x / step).trunc() * step)


def tensor_core(bits: int, at_once: int, source: str) -> Accumulator:
    """Addends aligned to the largest and cut off, `at_once` products a step, as matrix units do it.

    The exponent that counts is that of a product's value; units that align before a product is normalized keep one
    bit less of some.
    """
    title = f"matrix unit with {bits} bits, {at_once} products a step"
    return Accumulator(f"aligned{bits}", title, source, partial(_aligned, bits=bits), at_once)


def _float(name: str, significant: int, smallest: float, largest: float) -> Accumulator:
    limits = (significant, smallest, largest)
    return Accumulator(name, f"{name}, rounded after every addition", "IEEE 754", partial(_rounding, limits=limits))


# name, significant bits, smallest step, largest value
_FLOATS = (
    ("fp32", 24, 2.0**-149, float(np.finfo(np.float32).max)),
    ("fp16", 11, 2.0**-24, 65504.0),
    ("bf16", 8, 2.0**-133, (2 - 2.0**-7) * 2.0**127),
)
ACCUMULATORS = {
    row.name: row
    for row in (
        *(_float(*facts) for facts in _FLOATS),
        tensor_core(14, 32, "Hopper FP8: DeepSeek-V3, arXiv 2412.19437"),
    )
}


def get_accumulator(name: str) -> Accumulator:
    """The accumulator of that name; raises ValueError with the names there are."""
    if name not in ACCUMULATORS:
        raise ValueError(f"unknown accumulator '{name}'; choose one of {', '.join(ACCUMULATORS)}")
    return ACCUMULATORS[name]
