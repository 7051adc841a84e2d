"""Matrix product of e4m3 codes with a float32 scale per row of a and per row of w."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpu_probe.kernels.dense import normal
from gpu_probe.kernels.kernel import Kernel, Operands, Place
from gpu_probe.kernels.mm_fp8 import E4M3_MAX, ELSEWHERE, FP8_ON_CPU, RUNS_ON, SIXTEENS, TENSOR_CORE_LOSS, e4m3_rows
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor


def _operands(shape: Shape, place: Place, seed: int) -> Operands:
    import torch

    def codes(rows: int, seed: int) -> tuple[Tensor, Tensor]:
        sizes = torch.linspace(0.01, 2.0, rows, device=place.torch_device)[:, None]  # rows differ, so that order shows
        values = normal(rows, shape.k, place, seed) * sizes
        scales = values.abs().amax(dim=1, keepdim=True) / E4M3_MAX
        return (values / scales).to(torch.float8_e4m3fn), scales

    (a, a_scales), (w, w_scales) = codes(shape.m, seed), codes(shape.n, seed + 1)
    return Operands(
        (a, w, a_scales, w_scales.t().contiguous()),
        lambda index: e4m3_rows(a, index) * a_scales[index].double(),
        lambda index: e4m3_rows(w, index) * w_scales[index].double(),
    )


def _launch(kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
    import torch
    from torch.nn.functional import ScalingType, scaled_mm

    a, w, a_scales, w_scales = tensors
    rows = ScalingType.RowWise
    return scaled_mm(a, w.t(), a_scales, rows, w_scales, rows, output_dtype=torch.bfloat16)


KERNEL = Kernel(
    name="mm_fp8_row",
    format="fp8",
    about="torch scaled_mm: e4m3 x e4m3, one scale per row of both operands, bfloat16 result",
    operands=_operands,
    launch=_launch,
    runs_on=RUNS_ON,
    elsewhere=ELSEWHERE,
    multiples={"cpu": SIXTEENS, "cuda": SIXTEENS, "rocm": SIXTEENS},
    loss_per_term=TENSOR_CORE_LOSS,
    on_cpu=FP8_ON_CPU,
)
