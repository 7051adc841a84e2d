"""Matrix product of bfloat16 activations with int8 weights, a scale per output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpu_probe.kernels.dense import FLOAT32_LOSS
from gpu_probe.kernels.kernel import CpuRule, Kernel, Multiples, Operands, Place
from gpu_probe.kernels.our_operands import token_and_codes
from gpu_probe.kernels.rules import torch_has
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor


def _operands(shape: Shape, place: Place, seed: int) -> Operands:
    """As for one token, with the scales rounded to bfloat16, which the call wants."""
    import torch

    made = token_and_codes("int8")(shape, place, seed)
    x, w, scales = made.tensors
    kept = scales.to(torch.bfloat16)
    return Operands((x, w, kept), made.rows, lambda index: w[index].double() * kept[index, None].double())


def _launch(kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
    import torch

    return torch.ops.aten._weight_int8pack_mm(*tensors)


KERNEL = Kernel(
    name="mm_int8_weight",
    format="int8",
    about="torch _weight_int8pack_mm: bfloat16 activations x int8 weights, a scale per output",
    operands=_operands,
    launch=_launch,
    runs_on={"cpu": torch_has("int8pack_mm", "_weight_int8pack_mm")},
    elsewhere="torch's kernel for int8 weights is one for CPUs",
    multiples={"cpu": Multiples(n=16, k=32)},
    loss_per_term=FLOAT32_LOSS,
    on_cpu=CpuRule(
        native=r"CPU dispatch AVX(2|512)",
        emulated=r"CPU dispatch DEFAULT|SGEMM|oneDNN",
        meaning="weights are read as 8 bits and widened in registers; the product itself is not int8",
    ),
)
