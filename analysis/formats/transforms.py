"""Transforms that make a tensor easier to quantize: undone afterwards, or passed on to a product's other operand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from analysis.formats.channels import Map, affine, same, smooth, sort_channels
from analysis.formats.clipping import clip
from analysis.formats.counter import words
from analysis.formats.hadamard import hadamard, hadamard_matrix

if TYPE_CHECKING:
    import torch

    from analysis.formats.block import BlockFormat
    from analysis.formats.format import Format

HADAMARD_SIZE = 32
LARGEST_HADAMARD = 4096
_SPELLED = re.compile(r"(randomized-)?hadamard-(\d{1,5})")


@dataclass(frozen=True)
class Turned:
    """values: the transformed tensor, same shape. undo(y) puts a tensor like it back in the first one's terms.

    Of a product along the axis: rows @ w.T = turned rows @ partner(w).T + added(w), for w (k, n).
    """

    values: torch.Tensor
    undo: Callable[[torch.Tensor], torch.Tensor]
    partner: Callable[[torch.Tensor], torch.Tensor]
    added: Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Transform:
    """plan(rows, seed, fmt, other) looks at rows (..., n), the format to come and the other operand (k, n) of a
    product, where there are any, and says what to do with rows. exact: undo gives the tensor back up to float
    rounding; clipping does not.
    """

    name: str
    title: str
    source: str
    plan: Callable[..., Map] = field(repr=False)
    exact: bool = True

    def turn(
        self,
        x: torch.Tensor,
        axis: int = -1,
        seed: int = 0,
        fmt: Format | BlockFormat | None = None,
        other: torch.Tensor | None = None,
    ) -> Turned:
        """A floating-point tensor transformed along an axis, with the way back; a 0-d tensor stays as it is."""
        rows = x.movedim(axis, -1) if x.ndim else x
        steps = self.plan(rows, seed, fmt, other) if x.ndim else Map()

        def along(function: Callable[[torch.Tensor], torch.Tensor], y: torch.Tensor) -> torch.Tensor:
            return function(y.movedim(axis, -1)).movedim(-1, axis) if y.ndim else function(y)

        return Turned(
            along(lambda y: steps.forward(y - steps.shift), x),
            lambda y: along(lambda z: steps.inverse(z) + steps.shift, y),
            steps.partner,
            lambda w: (w * steps.shift).sum(dim=-1),
        )


def _hadamard(size: int) -> Callable[..., Map]:
    def plan(rows: torch.Tensor, seed: int, fmt, other) -> Map:
        def forward(y: torch.Tensor) -> torch.Tensor:
            return hadamard(y, size)

        return Map(forward, lambda y: hadamard(y, size, inverse=True), forward)

    return plan


def _randomized(size: int) -> Callable[..., Map]:
    """Random signs by position along the axis, then the Hadamard transform."""

    def plan(rows: torch.Tensor, seed: int, fmt, other) -> Map:
        signs = (1 - 2 * (words(seed, 0, rows.shape[-1], rows.device) & 1)).to(rows.dtype)

        def forward(y: torch.Tensor) -> torch.Tensor:
            return hadamard(y * signs.to(y.dtype), size)

        return Map(forward, lambda y: hadamard(y, size, inverse=True) * signs.to(y.dtype), forward)

    return plan


def _rotation(size: int, randomized: bool, name: str) -> Transform:
    if randomized:
        return Transform(name, f"Randomized Hadamard {size}", "mxfp4_training_2025", _randomized(size))
    return Transform(name, f"Hadamard {size}", "quartet_2025", _hadamard(size))


TRANSFORMS = {
    row.name: row
    for row in (
        Transform("none", "None", "", same),
        _rotation(HADAMARD_SIZE, False, "hadamard"),
        _rotation(HADAMARD_SIZE, True, "randomized-hadamard"),
        Transform("sort-channels", "Channels sorted by size", "bfp_outlier_sorting_2024", sort_channels),
        Transform("smooth", "Channels smoothed", "arXiv 2211.10438", smooth),
        Transform("affine", "Channels shifted and scaled", "arXiv 2304.09145", affine),
        Transform("clip", "Best clip of each block", "arXiv 2310.16836", clip, exact=False),
    )
}


@lru_cache(maxsize=64)
def get_transform(name: str) -> Transform:
    """The transform of that name: a row of TRANSFORMS, or hadamard-SIZE and randomized-hadamard-SIZE.

    Raises ValueError with the names there are, and for a size that no matrix is known of.
    """
    if name in TRANSFORMS:
        return TRANSFORMS[name]
    spelled = _SPELLED.fullmatch(name)
    if spelled is None:
        raise ValueError(
            f"unknown transform '{name}'; choose one of {', '.join(TRANSFORMS)}, or a block size as in hadamard-128"
        )
    size = int(spelled[2])
    if not 2 <= size <= LARGEST_HADAMARD:
        raise ValueError(f"'{name}' has blocks of {size}; a block has 2 to {LARGEST_HADAMARD} values")
    hadamard_matrix(size)
    return _rotation(size, bool(spelled[1]), name)
