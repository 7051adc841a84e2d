"""Our own kernels compiled for a GPU that is not here: Triton brings every tool that this needs."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_probe.device import DeviceInfo
from gpu_probe.kernels import KERNELS, Kernel
from gpu_probe.kernels.program import Program, assembly, options_for
from gpu_probe.kernels.tiles import SHARED_BYTES, Tile, arch_of, tile_for
from gpu_probe.native import Evidence
from gpu_probe.native_code import judge_code

# Kernel -> generations whose tensor cores have its format. A kernel that runs elsewhere is emulated there and says so.
NATIVE_ON = {
    "triton_mxfp8": ("sm_10", "sm_11", "sm_12", "gfx950"),
    "triton_mxfp4": ("sm_10", "sm_11", "sm_12", "gfx950"),
    "triton_nvfp4": ("sm_10", "sm_11", "sm_12"),
    "triton_w4a8": ("sm_10", "sm_11", "gfx950"),
}


@dataclass(frozen=True)
class Compiled:
    """Assembly text, bytes of stack per thread (spilled registers) and of shared memory per block."""

    code: str
    stack_bytes: int
    shared_bytes: int


def compile_for(program: Program, arch: str, tile: Tile | None = None) -> Compiled:
    """The program compiled for an architecture (sm_90, gfx950), with its own tile unless another is given.

    Raises Triton's own errors when it cannot be compiled. Imports Triton.
    """
    import triton
    from triton.compiler import ASTSource

    tile = tile or tile_for(program.kind, arch)
    function = program.load()
    constants = program.constants_for(tile)
    names = function.arg_names
    types = dict(zip(names, program.pointers, strict=False))
    signature = types | dict.fromkeys(("m", "n", "k"), "i32") | dict.fromkeys(constants, "constexpr")
    aligned = [name for name in names if name in types or name in ("n", "k")]
    attributes = {(names.index(name),): [["tt.divisibility", 16]] for name in aligned}
    source = ASTSource(function, {name: signature[name] for name in names}, constants, attributes)
    made = triton.compile(source, target=_target(arch), options=options_for(tile))
    code = assembly(made)
    stack = _amd_stack(code) if arch.startswith("gfx") else _nvidia_stack(made.asm["cubin"])
    return Compiled(code, stack, made.metadata.shared)


def compiled_rows(kernel: Kernel, device: DeviceInfo) -> tuple[str, str]:
    """Status and detail of a kernel of ours compiled for a device: native as it should be, no spill, memory enough.

    Of a pass through a layer, the programs that quantize for its products.
    """
    arch = arch_of(device)
    if kernel.program is None:
        wrong = "; ".join(filter(None, (_too_much(compile_for(one, arch), arch) for one in kernel.programs)))
        return ("WRONG", wrong) if wrong else ("OK", f"compiled; {len(kernel.programs)} programs that quantize fit")
    made = compile_for(kernel.program, arch)
    found = judge_code(kernel, made.code) if kernel.is_product else Evidence(None, "compiled; it multiplies nothing")
    expected = native_on(kernel, arch) if kernel.is_product else None
    lost = f"native is {found.native}, expected {expected}" if found.native is not expected else ""
    wrong = "; ".join(filter(None, (lost, _too_much(made, arch))))
    return ("WRONG", f"{wrong}; {found.sentence}") if wrong else ("OK", found.sentence)


def _too_much(made: Compiled, arch: str) -> str:
    """Which of registers and shared memory a compiled program has too few of, empty when it fits."""
    room = SHARED_BYTES.get(arch)
    spilled = f"{made.stack_bytes} bytes of registers spill" if made.stack_bytes else ""
    beyond = room and made.shared_bytes > room
    return "; ".join(
        filter(None, (spilled, f"{made.shared_bytes} bytes of shared memory, {room} there are" if beyond else ""))
    )


def native_on(kernel: Kernel, arch: str) -> bool:
    """Whether an architecture that runs a kernel of ours has tensor cores (or, for one token, loads) for its format."""
    return kernel.name not in NATIVE_ON or arch.startswith(NATIVE_ON[kernel.name])


def our_kernels() -> Iterator[Kernel]:
    """The kernels of our own, compiled from Triton."""
    return (kernel for kernel in KERNELS.values() if kernel.program is not None)


def _target(arch: str) -> Any:
    from triton.backends.compiler import GPUTarget

    if arch.startswith("gfx"):
        return GPUTarget("hip", arch, 32 if arch.startswith("gfx1") else 64)
    return GPUTarget("cuda", int(arch.removeprefix("sm_")), 32)


def _amd_stack(code: str) -> int:
    return max((int(size) for size in re.findall(r"\.private_segment_fixed_size:\s*(\d+)", code)), default=0)


def _nvidia_stack(binary: bytes) -> int:
    """The stack of a compiled kernel in bytes a thread, as the tool that comes with Triton states it."""
    import triton

    tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(binary)
        file.flush()
        done = subprocess.run([tool, "-res-usage", file.name], capture_output=True, text=True, check=True)
    stated = re.findall(r"STACK:(\d+)", done.stdout + done.stderr)
    if not stated:
        raise RuntimeError(f"{tool} does not state the stack of the compiled kernel: {done.stdout[:200]}")
    return max(int(size) for size in stated)
