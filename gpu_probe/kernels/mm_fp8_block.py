"""Matrix product of e4m3 codes with a scale per 128 of a row of a and per tile of 128 x 128 of w, as in DeepSeek-V3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpu_probe.kernels.dense import normal
from gpu_probe.kernels.kernel import Kernel, Multiples, Operands, Place
from gpu_probe.kernels.mm_fp8 import E4M3_MAX, SCALED_MM, TENSOR_CORE_LOSS, e4m3_rows
from gpu_probe.kernels.rules import both, capability_major
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 128
SCALES_PADDED_TO = 4  # tiles along k, as cuBLAS reads them


def _operands(shape: Shape, place: Place, seed: int) -> Operands:
    import torch

    blocks = shape.k // BLOCK

    def codes(rows: int, tall: int, seed: int) -> tuple[Tensor, Tensor]:
        """e4m3 codes (rows, k) and float32 scales (rows / tall, k / 128) of tiles of tall x 128."""
        tiles = -(-rows // tall)
        sizes = torch.exp2(torch.arange(tiles * blocks, device=place.torch_device) % 7 - 3.0)
        values = normal(tiles * tall, shape.k, place, seed).view(tiles, tall, blocks, BLOCK)
        values = values * sizes.view(tiles, 1, blocks, 1)
        scales = values.abs().amax(dim=(1, 3)) / E4M3_MAX
        scaled = (values / scales[:, None, :, None]).view(tiles * tall, shape.k)
        return scaled[:rows].to(torch.float8_e4m3fn), scales

    (a, a_scales), (w, w_scales) = codes(shape.m, 1, seed), codes(shape.n, BLOCK, seed + 1)
    padded = w_scales.new_zeros(w_scales.shape[0], -(-blocks // SCALES_PADDED_TO) * SCALES_PADDED_TO)
    padded[:, :blocks] = w_scales

    def columns(index: Tensor) -> Tensor:
        return e4m3_rows(w, index) * w_scales[index // BLOCK].double().repeat_interleave(BLOCK, dim=1)

    return Operands(
        (a, w, a_scales.t().contiguous(), padded),
        lambda index: e4m3_rows(a, index) * a_scales[index].double().repeat_interleave(BLOCK, dim=1),
        columns,
    )


def _launch(kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
    import torch
    from torch.nn.functional import ScalingType, scaled_mm

    a, w, a_scales, w_scales = tensors
    recipes = ScalingType.BlockWise1x128, ScalingType.BlockWise128x128
    return scaled_mm(
        a, w.t(), a_scales.t(), recipes[0], w_scales.t(), recipes[1], output_dtype=torch.bfloat16
    )  # fmt: skip


KERNEL = Kernel(
    name="mm_fp8_block",
    format="fp8",
    about="torch scaled_mm: e4m3 x e4m3, a scale per 128 of a and per 128 x 128 of w, bfloat16 result",
    operands=_operands,
    launch=_launch,
    runs_on={"cuda": both(SCALED_MM, capability_major((9,), "torch's block-wise FP8 product comes"))},
    elsewhere="torch multiplies FP8 with block-wise scales on NVIDIA Hopper only",
    multiples={"cuda": Multiples(n=BLOCK, k=BLOCK)},
    loss_per_term=TENSOR_CORE_LOSS,
)
