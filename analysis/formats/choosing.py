"""Blocks that choose between ways to encode them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    Try = tuple[torch.Tensor, torch.Tensor, Callable[[], torch.Tensor]]


def best_try(tries: Iterable[Callable[[], Try]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Codes and scale codes of the try with the lowest squared error in each block, the first of equals, and its
    number. A try is codes (..., n_blocks, size), scale codes (..., n_blocks) and each block's error, on demand.

    One try at a time is held beside the best so far, so hundreds of tries need no more memory than two.
    """
    import torch

    first, *others = tries
    codes, scales, error = first()
    chosen = torch.zeros(scales.shape, dtype=torch.int64, device=scales.device)
    least = error() if others else torch.zeros(())
    for number, encode in enumerate(others, start=1):
        next_codes, next_scales, error = encode()
        next_error = error()
        better = next_error < least
        codes = torch.where(better.unsqueeze(-1), next_codes, codes)
        scales = torch.where(better, next_scales, scales)
        least = torch.where(better, next_error, least)
        chosen = torch.where(better, number, chosen)
    return codes, scales, chosen
