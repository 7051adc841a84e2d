"""The error of formats on one tensor that is read some rows at a time, for tensors that memory need not hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.formats.arrays import as_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.fake import fake_quantize
from analysis.formats.format import Format

if TYPE_CHECKING:
    import torch

CHUNK = 2**20  # values read and quantized at a time
LONGEST = 2**23  # values of the fewest rows that must be taken together

Read = Callable[[int, int], "torch.Tensor"]


@dataclass(frozen=True)
class LayerError:
    """The error of a format on a tensor: relative_mse and sqnr_db as in Errors, and the sum of squares behind them."""

    format: str
    n_elements: int
    sum_of_squares: float
    relative_mse: float
    sqnr_db: float
    max_abs_error: float


def layer_errors(
    read: Read,
    n_rows: int,
    columns: int,
    formats: Sequence[Format | BlockFormat],
    on_rows: Callable[[int], None] = lambda rows: None,
) -> list[LayerError]:
    """The error of each format on a tensor of `n_rows` vectors of `columns` values, blocks along the vectors.

    read(first, count) gives (count, columns) of its rows; it is called twice for each, first for the extremes, which
    scales of the whole tensor hang on. Errors are those of the tensor taken whole; only what a format takes from many
    blocks beyond the extremes (a mean of scales, random numbers by position) it takes here from a chunk. on_rows is
    told of the rows done in both passes. Raises ValueError for an empty tensor, values that are not finite, and rows
    that are too long to be read.
    """
    step = rows_at_a_time(columns, formats)
    if n_rows * columns == 0:
        raise ValueError("the tensor is empty")
    low, high, energy = _extremes(read, n_rows, step, on_rows)
    squared, largest = np.zeros(len(formats)), np.zeros(len(formats))
    for chunk in _chunks(read, n_rows, step, on_rows):
        for i, fmt in enumerate(formats):
            error = (_fake_quantized(fmt, chunk, low, high) - chunk).abs_()
            largest[i] = max(largest[i], float(error.max()))
            squared[i] += _sum_of_squares(error)
    return [
        _layer_error(fmt.name, n_rows * columns, energy, error, worst)
        for fmt, error, worst in zip(formats, squared.tolist(), largest.tolist(), strict=True)
    ]


def combined(parts: Sequence[LayerError]) -> LayerError:
    """The error of one format on several tensors taken together."""
    energy = math.fsum(part.sum_of_squares for part in parts)
    squared = math.fsum(part.relative_mse * part.sum_of_squares for part in parts if part.sum_of_squares)
    worst = max(part.max_abs_error for part in parts)
    return _layer_error(parts[0].format, sum(part.n_elements for part in parts), energy, squared, worst)


def rows_at_a_time(columns: int, formats: Sequence[Format | BlockFormat]) -> int:
    """How many rows make a chunk: whole tiles of every format. Raises ValueError when even the fewest are too many."""
    tiles = math.lcm(*(_tile_height(fmt) for fmt in formats))
    if tiles * columns > LONGEST:
        rows = "a row has" if tiles == 1 else f"{tiles} rows, which a tile takes together, have"
        raise ValueError(f"{rows} {tiles * columns:,} values and at most {LONGEST:,} are read at a time")
    return max(CHUNK // max(columns, 1) // tiles, 1) * tiles


def _tile_height(fmt: Format | BlockFormat) -> int:
    return fmt.block_size[0] if isinstance(fmt, BlockFormat) and isinstance(fmt.block_size, tuple) else 1


def _chunks(read: Read, n_rows: int, step: int, on_rows: Callable[[int], None]) -> Iterator[torch.Tensor]:
    for first in range(0, n_rows, step):
        count = min(step, n_rows - first)
        yield as_tensor(read(first, count))[0].float()
        on_rows(count)


def _extremes(read: Read, n_rows: int, step: int, on_rows: Callable[[int], None]) -> tuple[float, float, float]:
    """The smallest value, the largest one and the sum of squares."""
    low, high, energy = math.inf, -math.inf, 0.0
    for index, chunk in enumerate(_chunks(read, n_rows, step, on_rows)):
        ends = float(chunk.min()), float(chunk.max())
        if not all(map(math.isfinite, ends)):
            first, last = index * step, min((index + 1) * step, n_rows) - 1
            raise ValueError(f"it holds values that are not finite in rows {first} to {last}")
        low, high = min(low, ends[0]), max(high, ends[1])
        energy += _sum_of_squares(chunk)
    return low, high, energy


def _sum_of_squares(x: torch.Tensor) -> float:
    """Summed in float64, without a float64 copy."""
    import torch

    return float(torch.linalg.vector_norm(x, dtype=torch.float64)) ** 2


def _fake_quantized(fmt: Format | BlockFormat, chunk: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """A chunk quantized and dequantized with the scale of its whole tensor, whose extremes are `low` and `high`.

    Where such a scale is, rows that hold the extremes are put before the chunk, a whole tile of them.
    """
    import torch

    whole = isinstance(fmt, BlockFormat) and (fmt.tensor_scale or fmt.block_size == "tensor")
    extra = max(2, _tile_height(fmt)) if whole else 0
    if extra:
        edge = torch.zeros(extra, chunk.shape[1])
        edge[0, 0], edge[1, 0] = low, high
        chunk = torch.cat([edge, chunk])
    return as_tensor(fake_quantize(fmt, chunk))[0][extra:]


def _layer_error(name: str, count: int, energy: float, squared: float, worst: float) -> LayerError:
    relative = squared / energy if energy else math.nan
    with np.errstate(divide="ignore"):
        sqnr = float(-10 * np.log10(relative))
    return LayerError(name, count, energy, relative, sqnr, worst)
