"""Scale rules: from a block's largest magnitude to its scale, before the scale format rounds it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from analysis.formats.format import Format

if TYPE_CHECKING:
    import torch

FLOAT32_MAX = float(np.finfo(np.float32).max)
SIXTH = float(np.float32(1 / 6))


def floor(amax: torch.Tensor, element: Format, factor: torch.Tensor) -> torch.Tensor:
    """2^(floor(log2 amax) - emax): the top of a block may lie above the element's maximum and saturate.

    Source: OCP Microscaling v1.0, section 6.3.
    """
    _, exponent = _exponent(amax)
    return power_of_two(exponent - _emax(element), amax)


def ceil(amax: torch.Tensor, element: Format, factor: torch.Tensor) -> torch.Tensor:
    """2^(ceil(log2 amax) - emax): nothing clips, small elements lose up to one bit."""
    mantissa, exponent = _exponent(amax)
    return power_of_two(exponent + (mantissa > 1) - _emax(element), amax)


def rceil(amax: torch.Tensor, element: Format, factor: torch.Tensor) -> torch.Tensor:
    """amax / (element maximum) rounded up to a power of two: the smallest one with which nothing clips."""
    quotient = amax / element.reach
    mantissa, exponent = _exponent(quotient)
    return power_of_two(exponent + (mantissa > 1), quotient)


def even(amax: torch.Tensor, element: Format, factor: torch.Tensor) -> torch.Tensor:
    """As floor, of amax rounded to the element's mantissa: a maximum that would round to the next binade moves up."""
    mantissa, exponent = _exponent(amax)
    rounds_up = mantissa >= 2 - 2.0 ** -(element.mantissa_bits + 1)
    return power_of_two(exponent + rounds_up - _emax(element), amax)


def amax(amax: torch.Tensor, element: Format, factor: torch.Tensor) -> torch.Tensor:
    """amax / (element maximum), times the tensor's factor: the block's largest magnitude meets the largest value."""
    return amax / element.reach * factor


def amax_e2m1(amax: torch.Tensor, element: Format, factor: torch.Tensor) -> torch.Tensor:
    """amax x (factor x 1/6), in this order, which rounds once less than (amax / 6) x factor.

    Source: the NVFP4 recipe of Transformer Engine; see docs/decisions.md.
    """
    return amax * (factor * SIXTH)


SCALE_RULES = {"floor": floor, "ceil": ceil, "rceil": rceil, "even": even, "amax": amax, "nvfp4": amax_e2m1}


def in_units(blocks: torch.Tensor, scales: torch.Tensor, factor: torch.Tensor | None) -> torch.Tensor:
    """Blocks divided by their scales (..., n_blocks, 1), zero where a scale is zero or NaN.

    Under a tensor's `factor`, as Transformer Engine does it: times a capped reciprocal, with which signs survive a
    zero scale.
    """
    import torch

    if factor is None:
        return torch.where(scales > 0, blocks / scales, 0)
    scaled = blocks * (1 / (scales / factor)).clamp(max=FLOAT32_MAX)
    return torch.where(torch.isfinite(scales), scaled, 0)


def tensor_factor(amax: torch.Tensor, top: float) -> torch.Tensor:
    """The factor that brings the tensor's largest magnitude to `top`, the largest scale times the largest element.

    Capped at the largest float32; 1 for an all-zero tensor.
    """
    import torch

    factor = (top / amax).clamp(max=FLOAT32_MAX)
    return torch.where((amax == 0) | (factor == 0), torch.ones_like(amax), factor)


def power_of_two(exponent: torch.Tensor, amax: torch.Tensor) -> torch.Tensor:
    """2^exponent with the exponent held within -127 to 127; 2^-127 for an all-zero block. Exact."""
    import torch

    exponent = torch.where(amax == 0, -127, exponent).clamp(-127, 127)
    return _powers(amax.device)[exponent.long() + 127]


def floor_exponent(x: torch.Tensor) -> torch.Tensor:
    """floor(log2 x), exact, subnormals included."""
    return _exponent(x)[1]


def _exponent(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(mantissa in [1, 2), floor(log2 x)), both exact, subnormals included."""
    import torch

    mantissa, exponent = torch.frexp(x)
    return mantissa * 2, exponent - 1


def _emax(element: Format) -> int:
    return int(np.floor(np.log2(element.reach)))


@lru_cache(maxsize=8)
def _powers(device: torch.device) -> torch.Tensor:
    import torch

    return torch.tensor(np.ldexp(1.0, np.arange(-127, 128)), dtype=torch.float32, device=device)
