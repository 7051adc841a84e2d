"""Matrix product of bfloat16 activations with 4-bit weights in groups of 128: the format of cheap decoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpu_probe.kernels.dense import FLOAT32_LOSS, normal
from gpu_probe.kernels.kernel import CpuRule, Kernel, Multiples, Operands, Place
from gpu_probe.kernels.rules import both, capability_from, torch_has
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor

GROUP = 128
INNER_K_TILES = 8


def _operands(shape: Shape, place: Place, seed: int) -> Operands:
    """Codes q in 0..15 with w = (q - 8) * scale + zero.

    Scales are powers of two and zeros multiples of them, so that every weight is exact in bfloat16 and the
    check does not depend on where a kernel rounds; both differ from group to group.
    """
    import torch

    generator = torch.Generator(place.torch_device).manual_seed(seed + 1)

    def drawn(low: int, high: int, size: tuple[int, int]) -> Tensor:
        return torch.randint(low, high, size, generator=generator, device=place.torch_device)

    groups = shape.k // GROUP
    activations = normal(shape.m, shape.k, place, seed).to(torch.bfloat16)
    codes = drawn(0, 16, (shape.n, shape.k)).to(torch.int32)
    scales = torch.exp2(drawn(-6, -2, (groups, shape.n)).float())
    zeros = drawn(-3, 4, (groups, shape.n)) * scales
    scales_and_zeros = torch.stack((scales, zeros), dim=-1).to(torch.bfloat16)

    def weights(index: Tensor) -> Tensor:
        by_column = scales_and_zeros[:, index].double().repeat_interleave(GROUP, dim=0)
        return ((codes[index].double().t() - 8) * by_column[..., 0] + by_column[..., 1]).t()

    raw = codes if place.kind == "cpu" else pack_high_first(codes)
    tensors = (activations, raw, scales_and_zeros)
    return Operands(tensors, lambda index: activations[index].double(), weights)


def pack_high_first(codes: Tensor) -> Tensor:
    """Bytes (n, k/2) of 4-bit codes (n, k) int32: even column in the *high* nibble, as the CUDA packer wants."""
    import torch

    return (codes[:, 0::2] << 4 | codes[:, 1::2]).to(torch.uint8)


def _pack(kind: str, tensors: tuple) -> tuple:
    import torch

    activations, raw, scales_and_zeros = tensors
    aten = torch.ops.aten
    if kind == "cpu":
        packed = aten._convert_weight_to_int4pack_for_cpu(raw, 1)
    else:
        packed = aten._convert_weight_to_int4pack(raw, INNER_K_TILES)
    return activations, packed, scales_and_zeros


def _launch(kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
    import torch

    activations, packed, scales_and_zeros = tensors
    aten = torch.ops.aten
    multiply = aten._weight_int4pack_mm_for_cpu if kind == "cpu" else aten._weight_int4pack_mm
    return multiply(activations, packed, GROUP, scales_and_zeros)


KERNEL = Kernel(
    name="mm_int4_weight",
    format="int4",
    about="torch _weight_int4pack_mm: bfloat16 activations x 4-bit weights, a scale and a zero per 128",
    operands=_operands,
    launch=_launch,
    pack=_pack,
    runs_on={
        "cpu": torch_has("int4pack_mm_for_cpu", "_weight_int4pack_mm_for_cpu"),
        "cuda": both(
            torch_has("int4pack_mm", "_weight_int4pack_mm"),
            capability_from(8, 0, "the 4-bit weight kernel (bfloat16 tensor cores) runs"),
        ),
    },
    elsewhere="torch has 4-bit weight kernels for CPUs and NVIDIA GPUs only",
    multiples={"cpu": Multiples(n=16, k=GROUP), "cuda": Multiples(n=8, k=GROUP)},
    loss_per_term=FLOAT32_LOSS,
    on_cpu=CpuRule(
        native=r"CPU dispatch AVX(2|512)",
        emulated=r"CPU dispatch DEFAULT|SGEMM|oneDNN",
        meaning="weights are read as 4 bits and widened in registers; the product itself is not 4-bit",
    ),
)
