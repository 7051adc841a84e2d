"""Operands and call of a plain torch.mm in one dtype: the shape that fp32, tf32, fp16 and bf16 share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gpu_probe.kernels.kernel import Operands, Place, exact
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor

FLOAT32_LOSS = dict.fromkeys(("cpu", "cuda", "rocm", "mps"), 2.0**-23)


def normal(rows: int, columns: int, place: Place, seed: int) -> Tensor:
    """Standard normal float32 values (rows, columns), made on the device from its own seeded generator."""
    import torch

    generator = torch.Generator(place.torch_device).manual_seed(seed)
    return torch.randn(rows, columns, generator=generator, device=place.torch_device)


def operands_in(dtype: str, keep_bits: int | None = None) -> Callable[[Shape, Place, int], Operands]:
    """A maker of random operands in a torch dtype; `keep_bits` rounds float32 to that many mantissa bits first."""

    def make(shape: Shape, place: Place, seed: int) -> Operands:
        import torch

        a = normal(shape.m, shape.k, place, seed)
        w = normal(shape.n, shape.k, place, seed + 1)
        if keep_bits is not None:
            a, w = round_mantissa(a, keep_bits), round_mantissa(w, keep_bits)
        a, w = a.to(getattr(torch, dtype)), w.to(getattr(torch, dtype))
        return Operands((a, w), lambda index: exact(a[index]), lambda index: exact(w[index]))

    return make


def round_mantissa(values: Tensor, bits: int) -> Tensor:
    """float32 values rounded to `bits` explicit mantissa bits (10 for TF32), ties away from zero.

    Operands on that grid make a product exact whatever way the hardware rounds its inputs.
    """
    import torch

    dropped = 23 - bits
    raised = values.view(torch.int32) + (1 << (dropped - 1))
    return ((raised >> dropped) << dropped).view(torch.float32)


def launch_mm(precision: str = "highest") -> Callable[[str, tuple, Tensor | None], Tensor]:
    """A caller of torch.mm under that float32 precision; half-precision sums may not be reduced below float32."""

    def launch(kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
        import torch

        torch.set_float32_matmul_precision(precision)
        if kind in ("cuda", "rocm"):
            torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
            torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
        a, w = tensors
        return torch.mm(a, w.t(), out=out)

    return launch
