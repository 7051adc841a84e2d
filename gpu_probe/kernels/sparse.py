"""Products with weights of which two in four are zero, through cuSPARSELt: never the dense rate of a format."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gpu_probe.kernels.kernel import Kernel, Multiples, Operands, Place
from gpu_probe.kernels.rules import both, capability_from, torch_has
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor


def keep_two_of_four(w: Tensor) -> Tensor:
    """The values with the two smaller of every four neighbours of a row set to zero."""
    import torch

    fours = w.reshape(-1, 4)
    order = fours.abs().float().argsort(dim=1)
    return torch.scatter(fours, 1, order[:, :2], 0).reshape(w.shape)


def sparse_kernel(
    name: str,
    format: str,
    make: Callable[[Shape, Place, int], Operands],
    multiples: Multiples,
    output: str,
    loss_per_term: dict[str, float],
) -> Kernel:
    """A kernel that multiplies a with w pruned to two of four, both as `make` draws them."""

    def operands(shape: Shape, place: Place, seed: int) -> Operands:
        dense = make(shape, place, seed)
        a, w = dense.tensors
        pruned = keep_two_of_four(w)
        return Operands((a, pruned), dense.rows, lambda index: pruned[index].double())

    def pack(kind: str, tensors: tuple) -> tuple:
        import torch

        a, w = tensors
        return a, torch._cslt_compress(w)

    def launch(kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
        import torch

        a, packed = tensors
        result = torch.int32 if output == "int32" else None
        return torch._cslt_sparse_mm(packed, a.t(), out_dtype=result, transpose_result=True)

    return Kernel(
        name=name,
        format=format,
        about=f"cuSPARSELt: {format} x {format} weights with two zeros in four",
        operands=operands,
        pack=pack,
        launch=launch,
        runs_on={
            "cuda": both(torch_has("cusparselt", "cuSPARSELt"), capability_from(8, 0, "sparse tensor cores exist")),
        },
        elsewhere="torch multiplies 2:4 sparse weights on NVIDIA GPUs only",
        output=output,
        multiples={"cuda": multiples},
        loss_per_term=loss_per_term,
    )
