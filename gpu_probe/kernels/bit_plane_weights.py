"""Weights of one to four bits on a CPU, in loops of our own: tables of sums beside widening and multiplying.

Both read the same bit planes, so that what differs is the arithmetic (T-MAC, arXiv 2407.00088).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gpu_probe.kernels.dense import FLOAT32_LOSS, normal
from gpu_probe.kernels.kernel import CpuRule, Kernel, Multiples, Operands, Place
from gpu_probe.kernels.rules import anywhere
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor

BITS = (1, 2, 3, 4)
GROUP = 8
WAYS = {
    "lookup": ("looked_up", "sums of eight activations are looked up in tables"),
    "widened": ("widened", "weights are widened to float32 and multiplied"),
}


def planes_of(codes: Tensor, bits: int) -> Tensor:
    """Bytes (bits, k/8, n) of codes (n, k): bit i of eight neighbours along k, the first lowest."""
    import torch

    places = torch.arange(GROUP, device=codes.device)
    runs = codes.t().reshape(-1, GROUP, codes.shape[0]).int()
    planes = [(((runs >> bit) & 1) << places[:, None]).sum(dim=1) for bit in range(bits)]
    return torch.stack(planes).to(torch.uint8)


def operands_of(bits: int) -> Callable[[Shape, Place, int], Operands]:
    """A maker of bfloat16 activations, bit planes of codes q that stand for 2 q - 2^bits + 1, a scale per output."""

    def make(shape: Shape, place: Place, seed: int) -> Operands:
        import torch

        generator = torch.Generator(place.torch_device).manual_seed(seed + 1)
        x = normal(shape.m, shape.k, place, seed).to(torch.bfloat16)
        codes = torch.randint(0, 1 << bits, (shape.n, shape.k), generator=generator, device=place.torch_device)
        scales = torch.linspace(0.5, 2.0, shape.n, device=place.torch_device)

        def weights(index: Tensor) -> Tensor:
            return (2 * codes[index] - ((1 << bits) - 1)).double() * scales[index, None].double()

        return Operands((x, planes_of(codes, bits), scales), lambda index: x[index].double(), weights)

    return make


def launcher(loop: str) -> Callable[[str, tuple, Tensor | None], Tensor]:
    """A caller of a loop of gpu_probe.cpu_code.bit_planes on as many threads as torch has, each its own columns."""

    def launch(kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
        import torch

        assert out is not None
        x, planes, scales = (tensor.numpy() for tensor in (tensors[0].float(), *tensors[1:]))
        result, threads, columns = out.numpy(), torch.get_num_threads(), scales.size
        edges = [columns * step // threads for step in range(threads + 1)]
        function = _loop(loop)
        for token in range(x.shape[0]):
            parts = [(x[token], planes, scales, begin, end, result[token]) for begin, end in pairwise(edges)]
            list(_workers(threads).map(lambda part: function(*part), parts))
        return out

    return launch


@cache
def _workers(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)


def _loop(name: str) -> Any:
    from gpu_probe.cpu_code import bit_planes

    return getattr(bit_planes, name)


def _kernel(way: str, bits: int) -> Kernel:
    loop, meaning = WAYS[way]
    return Kernel(
        name=f"{way}_int{bits}_weight",
        format=f"int{bits}",
        about=f"bfloat16 tokens x {bits}-bit weights in bit planes on a CPU: {meaning}",
        operands=operands_of(bits),
        launch=launcher(loop),
        runs_on={"cpu": anywhere},
        elsewhere="tables in a cache are a way of CPUs",
        output="float32",
        writes_out=True,
        multiples={"cpu": Multiples(k=GROUP)},
        loss_per_term=FLOAT32_LOSS,
        on_cpu=CpuRule(native=rf"our loop {loop}", meaning=f"weights are read as {bits} bits; {meaning}"),
        ran=lambda: (f"our loop {loop}, compiled by numba",),
    )


KERNELS = tuple(_kernel(way, bits) for way in WAYS for bits in BITS)
