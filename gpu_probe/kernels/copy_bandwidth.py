"""Memory bandwidth: a copy of a bfloat16 matrix far larger than any cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpu_probe.kernels.dense import normal
from gpu_probe.kernels.kernel import Kernel, Operands, Place, exact
from gpu_probe.kernels.rules import anywhere
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor


def _operands(shape: Shape, place: Place, seed: int) -> Operands:
    import torch

    source = normal(shape.m, shape.k, place, seed).to(torch.bfloat16)

    def unit(index: Tensor) -> Tensor:
        return exact(index[:, None] == torch.arange(shape.k, device=index.device))

    return Operands((source,), lambda index: exact(source[index]), unit)


def _launch(kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
    assert out is not None
    return out.copy_(tensors[0])


KERNEL = Kernel(
    name="copy_bandwidth",
    format="bf16",
    about="copies an m x k bfloat16 matrix (read once, written once); n is 1",
    operands=_operands,
    launch=_launch,
    runs_on={"cpu": anywhere, "cuda": anywhere, "rocm": anywhere, "mps": anywhere},
    elsewhere="a copy runs everywhere",
    writes_out=True,
    is_copy=True,
    own_shapes={"cpu": (Shape(32768, 1, 2048),), "accelerator": (Shape(262144, 1, 2048),)},
)
