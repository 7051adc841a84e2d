"""What a tensor core would read from packed bytes, worked out from formulas alone and compared with the reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpu_probe.kernels import KERNELS
from gpu_probe.kernels.kernel import Place
from gpu_probe.layout import blocked_length, blocked_offset, pack_low_first, to_blocked, unpack_low_first
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor

RAGGED_SCALES = ((1, 1), (128, 4), (129, 5), (300, 17))
RAGGED_OPERANDS = Shape(130, 48, 160)
# Elements a scale covers and the torch dtype of a scale, as the formats' standards print them.
BLOCK_SCALED = {
    "mm_mxfp8": (32, "float8_e8m0fnu"),
    "mm_mxfp4": (32, "float8_e8m0fnu"),
    "mm_nvfp4": (16, "float8_e4m3fn"),
}


def layouts() -> Iterator[tuple[str, str | None]]:
    """(what was compared, how it differs from the formula or None), on ragged sizes."""
    yield "blocked scales", _blocked_differs()
    yield "packed e2m1", _packing_differs()
    for name in BLOCK_SCALED:
        yield f"{name} operands", _operands_differ(name)


def _blocked_differs() -> str | None:
    import torch

    for rows, columns in RAGGED_SCALES:
        scales = torch.randint(1, 256, (rows, columns), dtype=torch.uint8)
        flat = to_blocked(scales)
        if flat.numel() != blocked_length(rows, columns):
            return f"({rows}, {columns}): {flat.numel()} scales, expected {blocked_length(rows, columns)}"
        for row in range(rows):
            for column in range(columns):
                if flat[blocked_offset(row, column, columns)] != scales[row, column]:
                    return f"({rows}, {columns}): scale ({row}, {column}) is not where the formula puts it"
    return None


def _packing_differs() -> str | None:
    import torch

    every = torch.arange(256, dtype=torch.uint8)
    pairs = torch.stack((every & 0xF, every >> 4), dim=-1)
    if not torch.equal(pack_low_first(pairs).flatten(), every):
        return "a pair of codes is not (low nibble, high nibble) of its byte"
    return None if torch.equal(unpack_low_first(every[:, None]), pairs) else "unpacking is not the inverse"


def _operands_differ(name: str) -> str | None:
    """The bytes that the kernel hands over, decoded by formula, against the values its check is made with."""
    import torch

    operands = KERNELS[name].operands(RAGGED_OPERANDS, Place("cpu", "cuda"), 0)
    half = len(operands.tensors) // 2
    sides = (("a", 0, operands.rows, RAGGED_OPERANDS.m), ("w", half, operands.columns, RAGGED_OPERANDS.n))
    for letter, start, reference, rows in sides:
        read = read_as_hardware(name, operands.tensors[start : start + half], rows, RAGGED_OPERANDS.k)
        expected = reference(torch.arange(rows))
        if not torch.equal(read, expected):
            row, column = (int(i) for i in torch.nonzero(read != expected)[0])
            return (
                f"{letter}[{row}, {column}] reads as {read[row, column]:g}, the reference has {expected[row, column]:g}"
            )
    return None


def read_as_hardware(name: str, tensors: tuple[Tensor, ...], rows: int, k: int) -> Tensor:
    """float64 values (rows, k) of (codes, blocked scales[, tensor scale]) by the formulas of the formats."""
    import torch

    codes, blocked, *whole = tensors
    block_size, scale_type = BLOCK_SCALED[name]
    columns = -(-k // block_size)
    offsets = [[blocked_offset(row, column, columns) for column in range(columns)] for row in range(rows)]
    scales = blocked[torch.tensor(offsets)].view(getattr(torch, scale_type)).double()
    elements = codes.view(torch.float8_e4m3fn).double() if codes.shape[-1] == k else _e2m1(unpack_low_first(codes))
    values = elements * scales.repeat_interleave(block_size, dim=1)[:, :k]
    return values * whole[0].double() if whole else values


def _e2m1(codes: Tensor) -> Tensor:
    """Sign, two exponent bits with bias 1, one mantissa bit; exponent 0 is subnormal. Source: OCP MX v1.0, table 4."""
    import torch

    sign, exponent, mantissa = codes >> 3 & 1, codes >> 1 & 3, codes & 1
    normal = torch.exp2(exponent.double() - 1) * (1 + mantissa / 2)
    return torch.where(exponent == 0, mantissa / 2, normal) * (1 - 2 * sign.double())
