"""Operands and call of block-scaled products: codes with a scale per 16 or 32 elements along k."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gpu_probe.kernels.dense import normal
from gpu_probe.kernels.kernel import Multiples, Operands, Place
from gpu_probe.layout import pack_low_first, to_blocked
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor

BITS_OF_PACKED_CODES = 4
# cuBLAS wants rows of 16 bytes: 32 e2m1 codes, and blocks of 32 for MX.
CUDA_MULTIPLES = Multiples(n=16, k=32)
ROCM_MULTIPLES = Multiples(m=16, n=16, k=128)


def operands_of(format_name: str) -> Callable[[Shape, Place, int], Operands]:
    """A maker of random operands quantized by the format of that name in analysis.formats.

    Tensors are bytes: the codes (two a byte for 4-bit elements), the block scales laid out as the kind of device
    reads them and, where the format has one, the float32 scale of the whole tensor; first those of a, then of w.
    """

    def make(shape: Shape, place: Place, seed: int) -> Operands:
        tiled = place.kind == "cuda"
        a, rows = side(format_name, shape.m, shape.k, place, seed, tiled)
        w, columns = side(format_name, shape.n, shape.k, place, seed + 1, tiled)
        return Operands((*a, *w), rows, columns)

    return make


def side(
    format_name: str, rows: int, k: int, place: Place, seed: int, tiled: bool
) -> tuple[tuple[Tensor, ...], Callable[[Tensor], Tensor]]:
    """Bytes of one random quantized operand (rows, k), and the float64 values of any of its rows.

    Block scales are in tiles of 128 x 4, or row by row.
    """
    from analysis.formats import BlockFormat, Quantized, get_format

    fmt = get_format(format_name)
    assert isinstance(fmt, BlockFormat)
    assert isinstance(fmt.block_size, int)
    coded = fmt.quantize(_uneven(rows, k, fmt.block_size, place, seed))
    codes = pack_low_first(coded.codes) if fmt.bits == BITS_OF_PACKED_CODES else coded.codes
    scales = to_blocked(coded.scales) if tiled else coded.scales
    whole = () if coded.tensor_scale is None else (coded.tensor_scale.reshape(1),)

    def decoded(index: Tensor) -> Tensor:
        blocks: Any = fmt.dequantize(Quantized(coded.codes[index], coded.scales[index]))  # exact in float32
        return blocks.double() * whole[0].double() if whole else blocks.double()

    return (codes, scales, *whole), decoded


def _uneven(rows: int, k: int, block_size: int, place: Place, seed: int) -> Tensor:
    """Normal values whose blocks differ in size by up to 2^6, so that a scale in a wrong place shows."""
    import torch

    generator = torch.Generator(place.torch_device).manual_seed(seed + 2)
    size = (rows, -(-k // block_size))
    powers = torch.randint(-3, 4, size, generator=generator, device=place.torch_device)
    spread = torch.exp2(powers.float()).repeat_interleave(block_size, dim=1)[:, :k]
    return normal(rows, k, place, seed) * spread


def launch_scaled(element: str, scale: str, recipe: str) -> Callable[[str, tuple, Tensor | None], Tensor]:
    """A caller of torch's scaled_mm on such tensors; the names are those of torch's dtypes and scaling recipe.

    NVIDIA reads scales in tiles of 128 x 4, AMD row by row.
    """

    def launch(kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
        import torch
        from torch.nn.functional import ScalingType, SwizzleType, scaled_mm

        half = len(tensors) // 2
        (a, a_scale, *a_whole), (w, w_scale, *w_whole) = tensors[:half], tensors[half:]
        codes, scales = getattr(torch, element), getattr(torch, scale)
        recipes = [getattr(ScalingType, recipe), ScalingType.TensorWise][: half - 1]
        swizzle = SwizzleType.SWIZZLE_32_4_4 if kind == "cuda" else SwizzleType.NO_SWIZZLE
        swizzles = [swizzle, SwizzleType.NO_SWIZZLE][: half - 1]
        return scaled_mm(
            a.view(codes),
            w.view(codes).t(),
            [a_scale.view(scales), *a_whole],
            recipes,
            [w_scale.view(scales), *w_whole],
            recipes,
            swizzles,
            swizzles,
            output_dtype=torch.bfloat16,
        )

    return launch
