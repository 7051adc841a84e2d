"""The error of a format on the reference input of the efficiency relation: normal values whose size varies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.formats.arrays import as_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.fake import fake_quantize
from analysis.formats.format import Format
from analysis.formats.survey import as_tensor_format

ROWS, COLUMNS = 512, 1024


@dataclass(frozen=True)
class ReferenceError:
    """mse: mean of (Q(x) - x)^2 / sigma^2, with its standard error over rows. misalignment: 1 - sum Q(x) x / sum x^2,
    the share by which the quantizer shrinks."""

    mse: float
    standard_error: float
    misalignment: float


def reference_input(octave: bool, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(ROWS, COLUMNS) float32 values from N(0, sigma^2) and sigma (ROWS,): 1, or over the octave evenly in log2."""
    sigma = 2 ** ((np.arange(ROWS) + 0.5) / ROWS if octave else np.zeros(ROWS))
    return (sigma[:, None] * rng.standard_normal((ROWS, COLUMNS))).astype(np.float32), sigma


def reference_error(fmt: Format | BlockFormat, rounding: str = "nearest", seed: int = 0) -> ReferenceError:
    """The error of a format on the reference input, blocks along the rows.

    Under a scale of the whole tensor all rows have sigma 1, since there the size of a row must not matter; elsewhere
    sigma covers an octave, on which the error of power-of-two scales depends. Raises ValueError for scale formats.
    """
    octave = not (isinstance(fmt, BlockFormat) and (fmt.tensor_scale or fmt.block_size == "tensor"))
    x, sigma = reference_input(octave, np.random.default_rng(seed))
    if not (fmt.element if isinstance(fmt, BlockFormat) else fmt).signed:
        raise ValueError(f"{fmt.name} holds no negative values; choose a format for tensors, such as mxfp4")
    values = as_tensor(fake_quantize(fmt, x, rounding=rounding, seed=seed + 1))[0].double().numpy()
    errors = ((values - x) ** 2).mean(axis=1) / sigma**2
    kept = (values * x).mean(axis=1) / (x.astype(np.float64) ** 2).mean(axis=1)
    return ReferenceError(float(errors.mean()), float(errors.std() / ROWS**0.5), float(1 - kept.mean()))


def reference_error_of(name: str, rounding: str) -> ReferenceError:
    """reference_error by the name of a format, where a bare element of up to 8 bits gets one scale for the tensor."""
    return reference_error(as_tensor_format(name, scaled=True), rounding)
