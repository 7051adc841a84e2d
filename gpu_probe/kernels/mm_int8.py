"""Matrix product of int8 codes with exact int32 sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpu_probe.kernels.kernel import CpuRule, Kernel, Multiples, Operands, Place
from gpu_probe.kernels.rules import both, capability_from, torch_has
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor


def random_codes(shape: Shape, place: Place, seed: int) -> Operands:
    """Random int8 codes a and w, -127 to 127."""
    import torch

    generator = torch.Generator(place.torch_device).manual_seed(seed)

    def codes(rows: int) -> Tensor:
        size = (rows, shape.k)
        drawn = torch.randint(-127, 128, size, generator=generator, device=place.torch_device)
        return drawn.to(torch.int8)

    a, w = codes(shape.m), codes(shape.n)
    return Operands((a, w), lambda index: a[index].double(), lambda index: w[index].double())


def _launch(kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
    import torch

    a, w = tensors
    return torch._int_mm(a, w.t()) if out is None else torch._int_mm(a, w.t(), out=out)


_INT_MM = torch_has("int_mm", "torch._int_mm")

KERNEL = Kernel(
    name="mm_int8",
    format="int8",
    about="torch._int_mm: int8 x int8 summed in int32",
    operands=random_codes,
    launch=_launch,
    runs_on={
        "cpu": _INT_MM,
        "cuda": both(_INT_MM, capability_from(7, 5, "int8 tensor cores exist")),
        "rocm": _INT_MM,
    },
    elsewhere="torch has int8 matrix products for CPUs and NVIDIA and AMD GPUs only",
    output="int32",
    writes_out=True,
    multiples={"cuda": Multiples(n=8, k=8, smallest_m=17), "rocm": Multiples(n=8, k=8, smallest_m=17)},
    on_cpu=CpuRule(
        native=r"(gemm_api|gemm:|brg\w*:\w*(vnni|amx|avx10)).*src:[su]8 wei:s8",
        emulated=r"SGEMM|src:f32|(avx2|avx512_core|ref).*src:[su]8",
        features=("avx512_vnni|avx_vnni|amx_int8|i8mm|asimddp",),
        meaning="int8 dot-product instructions",
    ),
)
