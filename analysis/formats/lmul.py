"""L-Mul: products of floats by adding their mantissas instead of multiplying them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.formats.accumulate import rounded
from analysis.formats.arrays import as_tensor

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array

MOST_BITS = 23


def offset_exponent(mantissa_bits: int) -> int:
    """l(m) of the constant 2^-l that stands for the product of the mantissas: m up to 3 bits, 3 for 4, 4 above."""
    return mantissa_bits if mantissa_bits <= 3 else 3 if mantissa_bits == 4 else 4


def lmul(x: Array, y: Array, mantissa_bits: int, carry: bool = False) -> Any:
    """x times y (broadcast) by L-Mul, float64: ±(1 + x_m + y_m + 2^-l(m)) 2^(x_e + y_e).

    Both are rounded to `mantissa_bits` first, with any exponent. `carry`: what one integer addition of the bit
    patterns gives, where mantissas that add up to 1 or more carry into the exponent. Raises ValueError for 0 or more
    than 23 bits. Source: arXiv 2410.00907, equation 1 (carry: its algorithm for hardware).
    """
    import torch

    if not 1 <= mantissa_bits <= MOST_BITS:
        raise ValueError(f"L-Mul with {mantissa_bits} mantissa bits; choose 1 to {MOST_BITS}")
    left, back = as_tensor(x)
    (x_m, x_e), (y_m, y_e) = (_parts(t.double(), mantissa_bits) for t in (left, as_tensor(y)[0]))
    total = x_m + y_m + 2.0 ** -offset_exponent(mantissa_bits)
    power = total.floor() if carry else torch.zeros_like(total)
    size = torch.ldexp(1 + total - power, x_e + y_e + power)
    sign = torch.sign(left.double()) * torch.sign(as_tensor(y)[0].double())
    return back(torch.where(sign == 0, 0.0, sign * size))


def _parts(x: torch.Tensor, mantissa_bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(fraction of the mantissa in [0, 1), exponent) of |x| rounded to so many mantissa bits."""
    import torch

    mantissa, exponent = torch.frexp(rounded(x.abs(), mantissa_bits + 1))
    return 2 * mantissa - 1, exponent - 1
