"""Operands of our own kernels: block scales row by row, a scale of the tensor always there (1 where there is none)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gpu_probe.kernels.block_scaled import side
from gpu_probe.kernels.dense import normal
from gpu_probe.kernels.kernel import Operands, Place
from gpu_probe.kernels.mm_fp8 import e4m3_codes, e4m3_rows
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor

E4M3_SCALES = ("nvfp4",)  # Triton reads these scales as numbers of their type, e8m0 as bytes
GROUP = 128
Make = Callable[[Shape, Place, int], Operands]


def block_scaled_operands(a_format: str, w_format: str, tiled: bool = False) -> Make:
    """A maker of two operands quantized by formats of analysis.formats: codes, scales, whole, of a and then of w.

    Scales lie row by row, or in tiles of 128 x 4.
    """

    def make(shape: Shape, place: Place, seed: int) -> Operands:
        a, rows = _side(a_format, shape.m, shape.k, place, seed, tiled)
        w, columns = _side(w_format, shape.n, shape.k, place, seed + 1, tiled)
        return Operands((*a, *w), rows, columns)

    return make


def token_and_weights(w_format: str) -> Make:
    """A maker of bfloat16 activations and quantized weights: x, codes, scales, whole."""

    def make(shape: Shape, place: Place, seed: int) -> Operands:
        x = _activations(shape, place, seed)
        w, columns = _side(w_format, shape.n, shape.k, place, seed + 1)
        return Operands((x, *w), lambda index: x[index].double(), columns)

    return make


def token_and_int4(shape: Shape, place: Place, seed: int) -> Operands:
    """bfloat16 activations and the weights of `_int4`: x, codes, scales, whole."""
    import torch

    x = _activations(shape, place, seed)
    (codes, scales), weights = _int4(shape, place, seed + 1)
    one = torch.ones(1, device=place.torch_device)
    return Operands((x, codes, scales, one), lambda index: x[index].double(), weights)


def fp8_and_int4(shape: Shape, place: Place, seed: int) -> Operands:
    """e4m3 activations with a scale of the tensor and the weights of `_int4`: a, codes, scales, scale of a."""
    a, whole = e4m3_codes(shape.m, shape.k, place, seed)
    (codes, scales), weights = _int4(shape, place, seed + 1)
    return Operands((a, codes, scales, whole), lambda index: e4m3_rows(a, index) * whole.double(), weights)


def token_and_codes(dtype: str) -> Make:
    """A maker of bfloat16 activations and weights of a torch dtype with a float32 scale per output."""

    def make(shape: Shape, place: Place, seed: int) -> Operands:
        import torch

        x = _activations(shape, place, seed)
        kind = getattr(torch, dtype)
        if kind.is_floating_point:
            w = normal(shape.n, shape.k, place, seed + 1).to(kind)
        else:
            w = _drawn(-127, 128, (shape.n, shape.k), place, seed + 1).to(kind)
        scales = torch.linspace(0.5, 2.0, shape.n, device=place.torch_device)

        def weights(index: Tensor) -> Tensor:
            rows = w.view(torch.uint8)[index].view(kind) if kind.itemsize == 1 else w[index]
            return rows.double() * scales[index, None].double()

        return Operands((x, w, scales), lambda index: x[index].double(), weights)

    return make


def _side(
    format_name: str, rows: int, k: int, place: Place, seed: int, tiled: bool = False
) -> tuple[tuple[Tensor, ...], Callable[[Tensor], Tensor]]:
    import torch

    (codes, scales, *whole), decoded = side(format_name, rows, k, place, seed, tiled)
    if format_name in E4M3_SCALES:
        scales = scales.view(torch.float8_e4m3fn)
    one = whole[0] if whole else torch.ones(1, device=place.torch_device)
    return (codes, scales.contiguous(), one), decoded


def _int4(shape: Shape, place: Place, seed: int) -> tuple[tuple[Tensor, Tensor], Callable[[Tensor], Tensor]]:
    """Packed codes q in 0..15 with w = (q - 8) * scale, a bfloat16 scale per 128, and the rows that they stand for."""
    import torch

    from gpu_probe.layout import pack_low_first

    codes = _drawn(0, 16, (shape.n, shape.k), place, seed).to(torch.uint8)
    scales = normal(shape.n, shape.k // GROUP, place, seed + 1).to(torch.bfloat16)

    def weights(index: Tensor) -> Tensor:
        return (codes[index].double() - 8) * scales[index].double().repeat_interleave(GROUP, dim=1)

    return (pack_low_first(codes), scales), weights


def _activations(shape: Shape, place: Place, seed: int) -> Tensor:
    import torch

    return normal(shape.m, shape.k, place, seed).to(torch.bfloat16)


def _drawn(low: int, high: int, size: tuple[int, int], place: Place, seed: int) -> Tensor:
    import torch

    generator = torch.Generator(place.torch_device).manual_seed(seed)
    return torch.randint(low, high, size, generator=generator, device=place.torch_device)
