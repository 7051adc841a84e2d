"""Kernels that turn bfloat16 activations into codes and scales: what a step in few bits pays beside its products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gpu_probe.kernels.dense import normal
from gpu_probe.kernels.kernel import Kernel, Multiples, Operands, Place
from gpu_probe.kernels.program import Program, assembly
from gpu_probe.kernels.rules import TRITON_AMD, amd_architecture, anywhere, both, capability_from, triton_here
from gpu_probe.kernels.tiles import ROWS
from gpu_probe.layout import blocked_length, pack_low_first, unpack_low_first
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor

HADAMARD_SIZE = 32
# Rows of activations of the layers that the planner sizes: a few megabytes on a CPU, a training batch on a GPU.
SHAPES = {"cpu": (Shape(512, 1, 4096),), "accelerator": (Shape(16384, 1, 4096),)}
LARGEST_SCALE, LARGEST_E2M1 = 448.0, 6.0


@dataclass(frozen=True)
class Recipe:
    """How a format of analysis.formats (`emulator`) is made: elements a scale covers (0: only the tensor has a factor),
    exponent of the largest element, whether codes are FP4, scales powers of two, and a transform comes first."""

    emulator: str
    block: int
    emax: int
    fp4: bool
    powers: bool
    hadamard: bool = False

    @property
    def _top(self) -> float | None:
        """What the factor brings the tensor's largest magnitude to."""
        return None if self.powers else LARGEST_SCALE * (LARGEST_E2M1 if self.fp4 else 1)

    def operands(self, shape: Shape, place: Place, seed: int) -> Operands:
        """x in bfloat16 and the tensor's factor; rows are what should be encoded, in float64."""
        import torch

        x = normal(shape.m, shape.k, place, seed).to(torch.bfloat16)
        return Operands((x, self.factor(x)), lambda index: self._wanted(x[index]), _unit(shape.k))

    def factor(self, x: Tensor) -> Tensor:
        """What a whole tensor is multiplied by before its blocks are scaled, one float32; 1 where blocks suffice."""
        amax = x.abs().max().float()
        return (self._top / amax if self._top else amax.new_ones(())).reshape(1)

    def _wanted(self, x: Tensor) -> Tensor:
        wide = x.double()
        if not self.hadamard:
            return wide
        matrix = signs(wide) / HADAMARD_SIZE**0.5
        return (wide.reshape(-1, HADAMARD_SIZE) @ matrix).reshape(wide.shape)

    def in_torch(self, x: Tensor, factor: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Codes (two a byte in FP4), scale codes and the factor, by torch's operations."""
        import torch

        wide = x.float()
        if self.hadamard:
            runs = wide.reshape(-1, HADAMARD_SIZE) @ signs(wide)
            wide = runs.reshape(wide.shape) * HADAMARD_SIZE**-0.5
        if not self.block:
            return _codes(wide * factor, self.fp4), x.new_empty(x.shape[0], 0, dtype=torch.uint8), factor
        blocks = wide.view(x.shape[0], -1, self.block)
        amax = blocks.abs().amax(dim=2)
        if self.powers:
            exponents = ((amax.view(torch.int32) >> 23) - self.emax).clamp(0, 254)
            scales, times = exponents.to(torch.uint8), torch.exp2(127.0 - exponents)
        else:
            stored = (amax * (factor * (1 / LARGEST_E2M1))).clamp(max=LARGEST_SCALE).to(torch.float8_e4m3fn)
            times = (1 / (stored.float() / factor)).clamp(max=torch.finfo(torch.float32).max)
            scales = stored.view(torch.uint8)
        scaled = (blocks * times[:, :, None]).view(x.shape)
        return _codes(scaled, self.fp4), scales, factor

    def program(self, turned: bool = False, tiled: bool = False) -> Program:
        """The same in Triton: `turned` for a tensor (k, m) whose columns are encoded, `tiled` for scales in tiles."""
        constants = {"BLOCK": self.block, "EMAX": self.emax, "FP4": self.fp4, "POWERS": self.powers}
        constants |= {"HADAMARD": HADAMARD_SIZE if self.hadamard else 0, "TURNED": turned, "TILED": tiled}
        codes = "*u8" if self.fp4 else "*fp8e4nv"
        scales = "*u8" if self.powers else "*fp8e4nv"
        pointers, kind = ("*bf16", "*fp32", codes, scales), "turned" if turned else "rows"
        outputs = partial(self.outputs, turned=turned, tiled=tiled)
        return Program("quantize", "block_quantize", pointers, kind, constants, outputs=outputs)

    def outputs(self, x: Tensor, turned: bool = False, tiled: bool = False) -> tuple[Tensor, Tensor]:
        """Codes and scales, not yet written, of the types that the program stores."""
        import torch

        fp8, byte = torch.float8_e4m3fn, torch.uint8
        rows, k = reversed(x.shape) if turned else x.shape
        codes = x.new_empty(rows, k // (2 if self.fp4 else 1), dtype=byte if self.fp4 else fp8)
        blocks, kind = k // self.block if self.block else 0, byte if self.powers else fp8
        if not tiled:
            return codes, x.new_empty(rows, blocks, dtype=kind)
        return codes, x.new_zeros(blocked_length(rows, blocks), dtype=byte).view(kind)

    def decoded(self, made: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """float32 values (m, k) of codes, scales and factor, by the value tables of analysis.formats."""
        import torch

        from analysis.formats import Quantized

        codes, scales, factor = made
        codes, scales = codes.view(torch.uint8), scales.view(torch.uint8) if self.block else torch.ones_like(factor[0])
        return self._format.dequantize(Quantized(unpack_low_first(codes) if self.fp4 else codes, scales)) / factor

    def emulated(self, wanted: Tensor) -> Tensor:
        """The float64 values that the format makes of rows of numbers."""
        return self._format.dequantize(self._format.quantize(wanted.float())).double()

    @property
    def _format(self) -> Any:
        from analysis.formats import get_format

        return get_format(self.emulator)


FP8 = Recipe("e4m3_tensor", 0, 8, fp4=False, powers=False)
MXFP8 = Recipe("mxfp8", 32, 8, fp4=False, powers=True)
MXFP4 = Recipe("mxfp4", 32, 2, fp4=True, powers=True)
MXFP4_HADAMARD = replace(MXFP4, hadamard=True)
NVFP4 = Recipe("nvfp4", 16, 2, fp4=True, powers=False)


def signs(like: Tensor) -> Tensor:
    """The Hadamard matrix of size 32 with entries 1 and -1, in the type and on the device of a tensor."""
    import torch

    index = torch.arange(HADAMARD_SIZE, device=like.device)
    shared = index[:, None] & index[None, :]
    bits = torch.stack([(shared >> bit) & 1 for bit in range(5)])
    return 1 - 2 * (bits.sum(dim=0) % 2).to(like.dtype)


def quantize_kernel(name: str, format: str, about: str, recipe: Recipe, capability: tuple[int, int]) -> Kernel:
    """A kernel that quantizes: torch's operations on a CPU, our own program on NVIDIA's and AMD's GPUs."""
    program = recipe.program()

    def launch(kind: str, tensors: tuple, out: Tensor | None) -> Any:
        if kind == "cpu":
            return recipe.in_torch(*tensors)
        outs = recipe.outputs(tensors[0])
        program.run(kind, tensors, outs)
        return *outs, tensors[1]

    def code(kind: str, tensors: tuple, out: Tensor | None) -> str:
        return assembly(program.run(kind, tensors, recipe.outputs(tensors[0])))

    return Kernel(
        name=name,
        format=format,
        about=about,
        operands=recipe.operands,
        launch=launch,
        code=code,
        program=program,
        runs_on={
            "cpu": anywhere,
            "cuda": both(capability_from(*capability, "Triton compiles this kernel"), triton_here),
            "rocm": both(amd_architecture(TRITON_AMD, "Triton compiles this kernel"), triton_here),
        },
        elsewhere="activations are quantized by Triton on NVIDIA and AMD GPUs and by torch on CPUs, not yet elsewhere",
        output="uint8",
        multiples={"cpu": Multiples(k=HADAMARD_SIZE), **dict.fromkeys(("cuda", "rocm"), Multiples(k=ROWS.step))},
        own_shapes=SHAPES,
        decoded=recipe.decoded,
        emulated=recipe.emulated,
    )


def _codes(scaled: Tensor, fp4: bool) -> Tensor:
    import torch

    if not fp4:
        return scaled.clamp(-LARGEST_SCALE, LARGEST_SCALE).to(torch.float8_e4m3fn).view(torch.uint8)
    # Between neighbours of e2m1; a tie goes to the even code, hence 'right' of some bounds and 'left' of others.
    bounds = scaled.new_tensor([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0])
    below = torch.nextafter(bounds, bounds.new_zeros(()))
    even = torch.where(torch.arange(7, device=scaled.device) % 2 == 1, below, bounds)
    size = torch.bucketize(scaled.abs(), even).to(torch.uint8)
    return pack_low_first(size | (torch.signbit(scaled).to(torch.uint8) << 3))


def _unit(k: int) -> Callable[[Tensor], Tensor]:
    import torch

    return lambda index: (index[:, None] == torch.arange(k, device=index.device)).double()
