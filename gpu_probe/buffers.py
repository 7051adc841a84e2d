"""Buffers for a fair and honest call: rotated so that the cache is cold, poisoned so that nothing old passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpu_probe.device import DeviceInfo

if TYPE_CHECKING:
    from torch import Tensor

CACHES_TO_FILL = 4
MOST_SETS = 64
SHARE_OF_MEMORY = 0.5
INTEGER_POISON = -(2**31) + 12345
BYTE_POISON = 0x5A


def sets_needed(bytes_per_set: int, device: DeviceInfo) -> int:
    """How many operand sets to rotate: four times the last cache, within 64 sets and half of the memory."""
    cold = -(-CACHES_TO_FILL * device.cache_bytes // max(1, bytes_per_set))
    fitting = int(SHARE_OF_MEMORY * device.memory_bytes // max(1, bytes_per_set))
    return max(1, min(cold, MOST_SETS, fitting))


def rotating(
    tensors: tuple[Tensor, ...], result: tuple[tuple[int, int], str], device: DeviceInfo, writes_out: bool
) -> tuple[list[tuple[Tensor, ...]], list[Tensor | None]]:
    """Copies of the operands at other addresses, and one output buffer per copy (None when the call allocates)."""
    import torch

    size, dtype = result
    outs_bytes = size[0] * size[1] * getattr(torch, dtype).itemsize if writes_out else 0
    bytes_per_set = sum(tensor.numel() * tensor.element_size() for tensor in tensors) + outs_bytes
    count = sets_needed(bytes_per_set, device)
    sets = [tensors] + [tuple(tensor.clone() for tensor in tensors) for _ in range(count - 1)]
    outs: list[Tensor | None] = [
        torch.empty(size, dtype=getattr(torch, dtype), device=device.id) if writes_out else None for _ in sets
    ]
    return sets, outs


def poison(outs: list[Tensor | None], result: tuple[tuple[int, int], str], torch_device: str) -> None:
    """Fills the outputs with values that cannot be right (NaN, or an odd integer).

    Where the call allocates its own result, a block of that size is poisoned and given back to the allocator,
    which usually hands it out again.
    """
    import torch

    size, dtype = result
    kind = getattr(torch, dtype)
    bad = float("nan") if kind.is_floating_point else BYTE_POISON if kind.itemsize == 1 else INTEGER_POISON
    for out in outs:
        if out is not None:
            out.fill_(bad)
    if not any(out is not None for out in outs):
        del_me = torch.full(size, bad, dtype=kind, device=torch_device)
        del del_me


def zero(sets: list[tuple[Tensor, ...]]) -> None:
    """Sets every byte of every operand to zero, whatever type it has."""
    import torch

    for tensor in (tensor for one in sets for tensor in one):
        (tensor.view(torch.uint8) if tensor.is_contiguous() else tensor).zero_()
