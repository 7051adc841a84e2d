"""The clip of each block that leaves the lowest squared error in a format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.formats.arrays import as_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.blocking import from_blocks, to_blocks
from analysis.formats.channels import Map
from analysis.formats.format import Format

if TYPE_CHECKING:
    import torch

RATIOS = tuple(n / 20 for n in range(20, 7, -1))


def clip(rows: torch.Tensor, seed: int, fmt: Format | BlockFormat | None, other) -> Map:
    """Each block cut at the best of RATIOS times its largest magnitude, by the squared error after quantizing to
    nearest; nothing without a format, or where no cut lowers the error of the whole tensor.
    """
    import torch

    if not isinstance(fmt, BlockFormat):
        return Map()
    exact = rows.float()
    blocks = to_blocks(exact, fmt.block_size, -1)
    largest = blocks.abs().amax(dim=-1, keepdim=True)

    def cut(ratios: torch.Tensor | float) -> torch.Tensor:
        tops = largest * ratios
        return from_blocks(blocks.clamp(-tops, tops), rows.shape, fmt.block_size, -1)

    def errors(x: torch.Tensor) -> torch.Tensor:
        back = as_tensor(fmt.dequantize(fmt.quantize(x)))[0]
        return to_blocks((back - exact).square(), fmt.block_size, -1).sum(dim=-1, keepdim=True)

    all_errors = torch.stack([errors(cut(ratio)) for ratio in RATIOS])
    best = torch.tensor(RATIOS, device=rows.device)[all_errors.argmin(dim=0)]
    chosen = cut(best)
    if errors(chosen).sum() >= all_errors[0].sum():
        return Map()
    return Map(forward=lambda y: chosen.to(y.dtype))
