"""The compiled path beside the generic one: the same bits, for large float32 tensors on a CPU.

Whether a tensor takes this path is decided here and nowhere else: a function that cannot serve returns None, and its
caller goes on with the generic one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from analysis.formats.stepping import Scaling, block_scaling, code_steps, value_steps
from analysis.formats.steps import Steps

if TYPE_CHECKING:
    import torch

    from analysis.formats.block import BlockFormat
    from analysis.formats.format import Format

FEWEST = 2**15  # elements; below, tables and threads cost more than they save
WIDEST = 2**16  # elements of a block; above, its rounding is compiled and its scaling generic
THREAD_WORTH = 2**17  # elements for which one more thread pays


def encode(fmt: Format, x: torch.Tensor, rounding: str, saturate: bool) -> torch.Tensor | None:
    """The codes of `x`, as Format.round_tensor gives them without random numbers."""
    steps = code_steps(fmt, rounding, saturate) if _serves(x) else None
    return _looked_up(x, steps) if steps else None


def fake_quantize(fmt: Format, x: torch.Tensor, rounding: str, into: torch.Tensor | None = None) -> torch.Tensor | None:
    """The values of the saturated codes of `x`, float32, in `into` where that serves."""
    steps = value_steps(fmt, rounding) if _serves(x) else None
    return _looked_up(x, steps, into) if steps else None


def largest_finite(x: torch.Tensor) -> torch.Tensor | None:
    """The largest finite magnitude, 0-d; 0 when nothing is finite."""
    import torch

    if not _serves(x):
        return None
    from analysis.formats import kernels

    bits = _flat(x).view(np.int32)
    tops = _spread(lambda a, b: kernels.largest_finite(bits[a:b]), x.numel(), 1)
    return torch.tensor(np.int32(max(tops)).view(np.float32))


def quantize_blocks(
    fmt: BlockFormat, blocks: torch.Tensor, element: Format, choice: float, factor: torch.Tensor, rounding: str
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Codes like `blocks` (..., n_blocks, size) and scale codes (..., n_blocks), rounded without random numbers."""
    steps = code_steps(element, rounding, True, element.reach) if _serves_blocks(blocks) else None
    scaling = block_scaling(fmt, element, choice, factor) if steps else None
    under = np.float32(factor) if fmt.tensor_scale else None
    return _blocks(blocks, scaling, under, steps, None) if steps and scaling else None


def fake_quantize_blocks(
    fmt: BlockFormat,
    blocks: torch.Tensor,
    factor: torch.Tensor,
    tensor_scale: torch.Tensor | None,
    rounding: str,
    into: torch.Tensor | None = None,
) -> torch.Tensor | None:
    """What decoding the codes of `blocks` gives, for a format whose blocks choose nothing; in `into` if that serves."""
    plain = len(fmt.scale_choices) * len(fmt.elements) == 1
    steps = value_steps(fmt.element, rounding, fmt.element.reach) if plain and _serves_blocks(blocks) else None
    scaling = block_scaling(fmt, fmt.element, fmt.scale_choices[0], factor) if steps else None
    under = np.float32(factor) if fmt.tensor_scale else None
    last = np.float32(1 if tensor_scale is None else tensor_scale)
    return _blocks(blocks, scaling, under, steps, last, into)[0] if steps and scaling else None


def _serves(x: torch.Tensor) -> bool:
    import torch

    return x.numel() >= FEWEST and x.dtype is torch.float32 and x.device.type == "cpu" and _installed()


def _serves_blocks(blocks: torch.Tensor) -> bool:
    return blocks.shape[-1] <= WIDEST and _serves(blocks)


@lru_cache(maxsize=1)
def _installed() -> bool:
    try:
        import analysis.formats.kernels  # noqa: F401
    except ImportError:  # numba is not there, or not for this numpy
        return False
    return True


def _looked_up(x: torch.Tensor, steps: Steps, into: torch.Tensor | None = None) -> torch.Tensor:
    from analysis.formats import kernels

    out = _room(x.shape, steps.results.dtype, into)
    bits, results = _flat(x).view(np.int32), _flat(out)
    _spread(lambda a, b: kernels.apply(bits[a:b], steps, results[a:b]), x.numel(), 1)
    return out


def _blocks(
    blocks: torch.Tensor,
    scaling: Scaling,
    factor: np.float32 | None,
    steps: Steps,
    tensor_scale: np.float32 | None,
    into: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes, or values when there is a tensor scale, and scale codes."""
    from analysis.formats import kernels

    out = _room(blocks.shape, steps.results.dtype, into)
    scale_codes = _room(blocks.shape[:-1], scaling.steps.results.dtype if scaling.steps else np.dtype(np.float32))
    x, size = _flat(blocks), blocks.shape[-1]
    given = (scaling, factor, steps, tensor_scale, _flat(out), _flat(scale_codes))
    _spread(lambda a, b: kernels.quantize(x, size, a, b, *given), scale_codes.numel(), size)
    return out, scale_codes


def _room(shape: Sequence[int], dtype: np.dtype, into: torch.Tensor | None = None) -> torch.Tensor:
    """`into` if it can take the results, else new memory, of numpy: it asks for huge pages, which halve the time that
    the system takes to hand it out.
    """
    import torch

    if into is not None and into.device.type == "cpu" and into.is_contiguous():
        return into
    return torch.from_numpy(np.empty(tuple(shape), dtype))


def _flat(x: torch.Tensor) -> np.ndarray:
    return x.detach().resolve_neg().contiguous().numpy().reshape(-1)


def _spread(work: Callable[[int, int], object], count: int, size: int) -> list:
    """What `work` returns for ranges that together cover `count` things of `size` elements, one thread each."""
    import torch

    parts = max(1, min(torch.get_num_threads(), count, count * size // THREAD_WORTH))
    ends = [count * part // parts for part in range(parts + 1)]
    if parts == 1:
        return [work(0, count)]
    with ThreadPoolExecutor(parts) as threads:
        return list(threads.map(work, ends[:-1], ends[1:]))
