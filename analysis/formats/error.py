"""What a format does to a tensor, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.formats.arrays import as_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.format import Format
from analysis.formats.transforms import TRANSFORMS, Transform

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array

# A value this much beyond the largest one, relatively, is arithmetic noise of the scale and no saturation.
NOISE = 1e-6


@dataclass(frozen=True)
class Errors:
    """mse: mean of (Q(x) - x)^2, in units of x squared. relative_mse: sum (Q(x) - x)^2 / sum x^2. sqnr_db:
    -10 log10(relative_mse); infinite when nothing changed, NaN for an all-zero tensor. max_abs_error: the largest
    |Q(x) - x|. saturated: elements beyond the largest value that their block can hold. flushed_to_zero: elements
    that were not zero and became zero. The two counts are taken where the rounding happens, after any transform.
    """

    n_elements: int
    mse: float
    relative_mse: float
    sqnr_db: float
    max_abs_error: float
    saturated: int
    flushed_to_zero: int


@dataclass(frozen=True)
class Trial:
    """A tensor's fate in one format: values after quantizing and dequantizing, and the errors."""

    format: Format | BlockFormat
    values: Any
    errors: Errors


def trial(
    fmt: Format | BlockFormat,
    x: Array,
    axis: int = -1,
    rounding: str = "nearest",
    transform: Transform = TRANSFORMS["none"],
    seed: int = 0,
) -> Trial:
    """What is left of `x` after transform, quantize, dequantize and the inverse transform, with its errors.

    Raises ValueError for an empty tensor, NaN or infinity, complex values, and values a scale format cannot hold.
    """
    tensor, back = as_tensor(x)
    _require_finite(tensor)
    _require_holdable(fmt, tensor)
    turned = transform.turn(tensor, axis, seed, fmt)
    quantized = fmt.quantize(turned.values, axis=axis, rounding=rounding, seed=seed)
    rounded = as_tensor(fmt.dequantize(quantized))[0]
    low, high = fmt.limits(quantized)
    values = turned.undo(rounded)
    counts = (
        int(((turned.values > high * (1 + NOISE)) | (turned.values < low * (1 + NOISE))).sum()),
        int(((turned.values != 0) & (rounded == 0)).sum()),
    )
    return Trial(fmt, back(values), measure(tensor, values, *counts))


def measure(x: Array, values: Array, saturated: int = 0, flushed_to_zero: int = 0) -> Errors:
    """The errors of `values` as a copy of `x` (same shape), summed in float64; the counts are passed through."""
    exact, copy = as_tensor(x)[0].double(), as_tensor(values)[0].double()
    error = copy - exact
    squared, energy = float(error.square().sum()), float(exact.square().sum())
    relative = squared / energy if energy else float("nan")
    with np.errstate(divide="ignore"):
        sqnr = float(-10 * np.log10(relative))
    largest = float(error.abs().max())
    return Errors(exact.numel(), squared / exact.numel(), relative, sqnr, largest, saturated, flushed_to_zero)


def _require_holdable(fmt: Format | BlockFormat, tensor: torch.Tensor) -> None:
    """A scale format holds no negative values; e8m0 no zero either."""
    if fmt_signed(fmt):
        return
    no_zero = isinstance(fmt, Format) and fmt.min > 0
    if bool((tensor <= 0 if no_zero else tensor < 0).any()):
        without, values = ("sign or zero", "of 0 or less") if no_zero else ("sign", "below 0")
        raise ValueError(f"{fmt.name} is a scale format without {without}, and the tensor holds values {values}")


def fmt_signed(fmt: Format | BlockFormat) -> bool:
    """True when the format holds negative values."""
    return (fmt.element if isinstance(fmt, BlockFormat) else fmt).signed


def _require_finite(tensor) -> None:
    import torch

    if tensor.numel() == 0:
        raise ValueError("the tensor is empty; give it at least one value")
    bad = ~torch.isfinite(tensor)
    count = int(bad.sum())
    if count:
        first = int(bad.flatten().int().argmax())
        where = tuple(int(i) for i in np.unravel_index(first, tuple(tensor.shape))) if tensor.ndim else ()
        value = float(tensor.flatten()[first])
        raise ValueError(
            f"the tensor holds {count} value{'s' if count > 1 else ''} that {'are' if count > 1 else 'is'} not finite, "
            f"the first is {value} at index {list(where)}; replace or remove them"
        )
