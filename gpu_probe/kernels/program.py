"""Kernels of our own: a Triton function, the types of its pointers and constants, compiled for the device at hand."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gpu_probe.kernels.kernel import Kernel, Multiples, Operands, Place, Rule
from gpu_probe.kernels.rules import amd_architecture, anywhere, both, capability_from, triton_here
from gpu_probe.kernels.tiles import OTHERS, STEPS, Tile, tile_for
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Program:
    """`function` of gpu_probe.triton_code.`module`: pointers (results last), then m, n, k, then constants.

    `pointers` are Triton's names of their types; `kind` chooses the tile; `packed` elements of k lie in one item
    of the first operand. `outputs` makes the results of a program that has several. `descriptors` says that it makes
    tensor descriptors, for which Triton asks for memory on the device.
    """

    module: str
    function: str
    pointers: tuple[str, ...]
    kind: str
    constants: Mapping[str, Any]
    packed: int = 1
    outputs: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None
    descriptors: bool = False

    def load(self) -> Any:
        """The Triton function; imports Triton."""
        return getattr(importlib.import_module(f"gpu_probe.triton_code.{self.module}"), self.function)

    def constants_for(self, tile: Tile) -> dict[str, Any]:
        """Every constant that the function is built with for a tile."""
        sides = {"BM": tile.rows, "BN": tile.columns, "BK": tile.step}
        unused = {"vector": "BM", "rows": "BN", "turned": "BN"}.get(self.kind)
        return {name: side for name, side in sides.items() if name != unused} | dict(self.constants)

    def call(self, tile: Tile, tensors: tuple, outs: tuple) -> Any:
        """Runs the function on tensors that lie on its device; returns what Triton compiled for it."""
        m, k = tensors[0].shape if self.kind != "turned" else tensors[0].shape[::-1]
        k, rows = k * self.packed, self.kind in ("rows", "turned")
        n = 1 if rows else outs[0].shape[1]
        wide = k // tile.step if rows else -(-n // tile.columns)
        grid = (-(-m // tile.rows) * wide,)
        return self.load()[grid](*tensors, *outs, m, n, k, **self.constants_for(tile), **options_for(tile))

    def launch(self, kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
        """The result of one call on the device of its operands."""
        assert out is not None
        self.run(kind, tensors, (out,))
        return out

    def code(self, kind: str, tensors: tuple, out: Tensor | None) -> str:
        """The assembly text of what one call compiled and ran."""
        return assembly(self.run(kind, tensors, (out,)))

    def run(self, kind: str, tensors: tuple, outs: tuple) -> Any:
        """Runs the function with the tile of the device that its tensors lie on; returns what Triton compiled.

        Tensors on the CPU are those of Triton's interpreter, which takes the tiles of 9.0.
        """
        import torch

        if tensors[0].device.type == "cpu":
            return self.call(tile_for(self.kind, "sm_90"), tensors, outs)
        facts = torch.cuda.get_device_properties(tensors[0].device)
        arch = facts.gcnArchName.split(":")[0] if kind == "rocm" else f"sm_{facts.major}{facts.minor}"
        if self.descriptors:
            import triton

            triton.set_allocator(_memory)
        with torch.cuda.device(tensors[0].device):  # Triton launches on the current device
            return self.call(tile_for(self.kind, arch), tensors, outs)


def _memory(size: int, alignment: int, stream: int | None) -> Tensor:
    """Memory on the current device in which a launched program keeps its descriptors."""
    import torch

    return torch.empty(size, dtype=torch.int8, device="cuda")


def assembly(made: Any) -> str:
    """The text (PTX or GCN) of what Triton compiled."""
    return next(made.asm[name] for name in ("ptx", "amdgcn") if name in made.asm)


def options_for(tile: Tile) -> dict[str, Any]:
    """What Triton's compiler is told beside the constants; unasked, 3.10 will no longer fuse products and sums."""
    return {"num_warps": tile.warps, "num_stages": tile.stages, "enable_fp_fusion": True}


def program_kernel(
    name: str,
    format: str,
    about: str,
    operands: Callable[[Shape, Place, int], Operands],
    program: Program,
    capability: tuple[int, int],
    amd: tuple[str, ...] = (),
    loss_per_term: Mapping[str, float] | None = None,
    output: str = "bfloat16",
    also: Rule = anywhere,
) -> Kernel:
    """A kernel that runs a program from an NVIDIA compute capability on, and on the listed AMD architectures.

    `also` is one more rule about the former.
    """
    step = OTHERS[program.kind].step if program.kind in OTHERS else STEPS[program.kind]
    sizes = Multiples(n=16, k=step, largest_m=1 if program.kind == "vector" else None)
    what = "Triton compiles this kernel"
    rules = {"cuda": both(capability_from(*capability, what), triton_here, also)}
    if amd:
        rules["rocm"] = both(amd_architecture(amd, what), triton_here)
    return Kernel(
        name=name,
        format=format,
        about=about,
        operands=operands,
        launch=program.launch,
        code=program.code,
        program=program,
        runs_on=rules,
        elsewhere=f"Triton kernels of ours are compiled for NVIDIA{' and AMD' if amd else ''} GPUs only",
        output=output,
        writes_out=True,
        multiples=dict.fromkeys(rules, sizes),
        loss_per_term=loss_per_term or {},
    )


def with_unit_scales(make: Callable[[Shape, Place, int], Operands]) -> Callable[[Shape, Place, int], Operands]:
    """The same operands followed by a scale of 1 for each of both tensors."""

    def made(shape: Shape, place: Place, seed: int) -> Operands:
        import torch

        plain = make(shape, place, seed)
        one = torch.ones(1, device=place.torch_device)
        return Operands((*plain.tensors, one, one.clone()), plain.rows, plain.columns)

    return made
