"""Many formats on one tensor, as frames: what the dashboard and notebooks plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.formats.affine import AffineFormat
from analysis.formats.arrays import as_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.error import trial
from analysis.formats.format import Format
from analysis.formats.groups import per_tensor
from analysis.formats.table import FORMATS, USED_ELEMENTS, get_format
from analysis.formats.transforms import get_transform

if TYPE_CHECKING:
    from analysis.formats.arrays import Array

# What quantizes a tensor: scale formats cannot, and a scaled element is the same as its row with one scale.
TENSOR_FORMATS = tuple(n for n, f in FORMATS.items() if (f.element if isinstance(f, BlockFormat) else f).signed)
# Those that a survey takes unasked: one row a kind.
SURVEYED = (
    *("e2m1", "e3m2", "e4m3", "e5m2", "bf16", "fp16", "int4", "int8", "nf4", "posit8"),
    *("mxfp4", "nvfp4", "mxfp6_e2m3", "mxfp8", "mxint8", "int4_g32", "int4_g128", "int8_row"),
)
SCALED_BITS = 8
BINS = 160


@dataclass(frozen=True)
class Usage:
    """How a tensor falls on a format's grid, in units of the block scale.

    edges (BINS + 1,) and density (BINS,): histogram of the scaled input, the rest of it lies in `beyond` (a share).
    values and share (n,): the grid and the share of elements that got each value.
    """

    edges: np.ndarray
    density: np.ndarray
    beyond: float
    values: np.ndarray
    share: np.ndarray


def as_tensor_format(name: str, scaled: bool) -> Format | BlockFormat:
    """The format of that name; with `scaled`, a bare element of up to 8 bits gets one scale for the tensor."""
    fmt = get_format(name)
    return per_tensor(fmt) if scaled and isinstance(fmt, Format) and fmt.bits <= SCALED_BITS else fmt


def survey(
    x: Array,
    names: Sequence[str] = SURVEYED,
    scaled: bool = True,
    rounding: str = "nearest",
    transform: str = "none",
    seed: int = 0,
) -> pd.DataFrame:
    """A row a format: name, title, bits_per_element and the fields of Errors."""
    kept = [n for n in names if not (scaled and n.endswith("_tensor") and n.removesuffix("_tensor") in names)]
    rows = []
    for name in kept:
        fmt = as_tensor_format(name, scaled)
        errors = trial(fmt, x, rounding=rounding, transform=get_transform(transform), seed=seed).errors
        rows.append({"format": name, "title": fmt.title, "bits_per_element": fmt.bits_per_element} | asdict(errors))
    return pd.DataFrame(rows)


def pareto(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows that no other row beats: none has as few bits and a higher SQNR. Sorted by bits."""
    ordered = frame.sort_values(["bits_per_element", "sqnr_db"], ascending=[True, False])
    return ordered[ordered["sqnr_db"] > ordered["sqnr_db"].cummax().shift(fill_value=-np.inf)]


def usage(
    x: Array, name: str, scaled: bool = True, rounding: str = "nearest", transform: str = "none", seed: int = 0
) -> Usage:
    """How `x`, transformed, falls on the grid of a format; blocks with a zero scale are left out."""
    fmt = as_tensor_format(name, scaled)
    element = fmt.element if isinstance(fmt, BlockFormat) else fmt
    turned = get_transform(transform).turn(as_tensor(x)[0], -1, seed, fmt).values
    quantized = fmt.quantize(turned, rounding=rounding, seed=seed)
    low, high = (as_tensor(end)[0].expand(turned.shape).double().numpy().ravel() for end in fmt.limits(quantized))
    numbers = turned.double().numpy().ravel()
    side = np.where(numbers < 0, -low, high)
    kept = (high > low) & ((side > 0) | isinstance(fmt, AffineFormat))
    if isinstance(fmt, AffineFormat):
        inputs = (numbers - low)[kept] / (high - low)[kept] * (element.max - element.min) + element.min
    elif isinstance(fmt, BlockFormat):
        inputs = (numbers / side.clip(1e-300))[kept] * min(element.reach, element.largest)
    else:
        inputs = numbers[kept]
    outputs = element.values[as_tensor(quantized.codes)[0].long().numpy().ravel()[kept]]
    reach = min(element.max * 4 / 3, max(float(np.abs(inputs).max(initial=0.0)), element.max / 100))
    counts, edges = np.histogram(inputs, bins=BINS, range=(-reach, reach))
    values, occurrences = np.unique(outputs, return_counts=True)
    share = np.zeros(len(element.finite))
    share[np.searchsorted(element.finite, values)] = occurrences / max(len(outputs), 1)
    density = counts / max(len(inputs), 1) / np.diff(edges)
    return Usage(edges, density, 1 - counts.sum() / max(len(inputs), 1), element.finite, share)


def nearest_code(name: str, number: float) -> int:
    """The code of a number in an element format, rounded to nearest, saturating."""
    return int(USED_ELEMENTS[name].encode(np.asarray(number, np.float64), saturate=True))
