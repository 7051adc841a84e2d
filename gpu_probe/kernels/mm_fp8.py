"""Matrix product of e4m3 codes with one float32 scale per tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpu_probe.kernels.dense import normal
from gpu_probe.kernels.kernel import CpuRule, Kernel, Multiples, Operands, Place
from gpu_probe.kernels.rules import amd_architecture, both, capability_from, torch_has
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor

E4M3_MAX = 448.0
# FP8 tensor cores keep about 13 fraction bits of 32 aligned products per step: 2^-13 / 32 for each term.
TENSOR_CORE_LOSS = {"cpu": 2.0**-23, "cuda": 2.0**-18, "rocm": 2.0**-18}


def tensor_scaled(shape: Shape, place: Place, seed: int) -> Operands:
    """Random operands in e4m3 with a float32 scale per tensor: a, w, scale of a, scale of w."""
    # Two spreads, so that a call that swaps or drops a scale is caught.
    a, a_scale = e4m3_codes(shape.m, shape.k, place, seed)
    w, w_scale = e4m3_codes(shape.n, shape.k, place, seed + 1, spread=0.02)
    return Operands(
        (a, w, a_scale, w_scale),
        lambda index: e4m3_rows(a, index) * a_scale.double(),
        lambda index: e4m3_rows(w, index) * w_scale.double(),
    )


def e4m3_codes(rows: int, k: int, place: Place, seed: int, spread: float = 1.0) -> tuple[Tensor, Tensor]:
    """Normal values in e4m3 (rows, k) and their one float32 scale (1,)."""
    import torch

    values = normal(rows, k, place, seed) * spread
    scale = (values.abs().amax() / E4M3_MAX).reshape(1)
    return (values / scale).to(torch.float8_e4m3fn), scale


def e4m3_rows(codes: Tensor, index: Tensor) -> Tensor:
    """float64 values (len(index), k) of rows of an e4m3 tensor, which torch cannot index itself."""
    import torch

    return codes.view(torch.uint8)[index].view(torch.float8_e4m3fn).double()


def _launch(kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
    import torch
    from torch.nn.functional import ScalingType, scaled_mm

    a, w, a_scale, w_scale = tensors
    whole = ScalingType.TensorWise
    return scaled_mm(a, w.t(), a_scale, whole, w_scale, whole, output_dtype=torch.bfloat16)


SCALED_MM = torch_has("scaled_mm", "torch.nn.functional.scaled_mm")
RUNS_ON = {
    "cpu": SCALED_MM,
    "cuda": both(SCALED_MM, capability_from(8, 9, "FP8 tensor cores exist")),
    "rocm": both(SCALED_MM, amd_architecture(("gfx950", "gfx1200", "gfx1201"), "e4m3 (OCP) is native")),
}
ELSEWHERE = "torch multiplies FP8 on CPUs and on NVIDIA and AMD GPUs only"
SIXTEENS = Multiples(n=16, k=16)
FP8_ON_CPU = CpuRule(
    native=r"(amx_fp8|avx10_2).*src:f8",
    emulated=r"SGEMM|oneDNN",
    features=("amx_fp8|avx10_2",),
    meaning="FP8 dot-product instructions; without them torch widens the codes and multiplies in float32",
)

KERNEL = Kernel(
    name="mm_fp8",
    format="fp8",
    about="torch scaled_mm: e4m3 x e4m3, one scale per tensor, bfloat16 result",
    operands=tensor_scaled,
    launch=_launch,
    runs_on=RUNS_ON,
    elsewhere=ELSEWHERE,
    multiples={"cpu": SIXTEENS, "cuda": SIXTEENS, "rocm": SIXTEENS},
    loss_per_term=TENSOR_CORE_LOSS,
    on_cpu=FP8_ON_CPU,
)
