"""Prints docs/exhaustive.md's table of our own kernels: what each is compiled to, architecture by architecture."""

from __future__ import annotations

import re

import triton

from gpu_probe.compiled import compile_for, our_kernels
from gpu_probe.kernels.kernel import Kernel
from gpu_probe.kernels.tiles import SHARED_BYTES
from gpu_probe.native_code import judge_code, tensor_instructions
from gpu_probe.recorded import recorded


def cell(kernel: Kernel, arch: str) -> str:
    """'wgmma e4m3', '*mma bf16*' where that is an emulation, 'loads' for one token, or a dash where it cannot run."""
    if kernel.why_not(recorded(arch)):
        return "–"
    made = compile_for(kernel.program, arch)
    found = next(iter(tensor_instructions(made.code)), "")
    spills = f" ({made.stack_bytes} B spilled)" if made.stack_bytes else ""
    if not kernel.is_product or kernel.program.kind == "vector":
        return ("loads" if kernel.is_product else "fits") + spills
    unit = re.search(r"wgmma|tcgen05|mma|mfma|wmma", found)[0]
    kind = re.search(r"kind::(\w+)", found)
    types = re.search(r"\.(e4m3|bf16|f16|s8)\.", found) or re.search(r"(f8f6f4|bf16|i8|f16)", found)
    words = f"{unit} {kind[1] if kind else types[1]}"
    return (words if judge_code(kernel, made.code).native else f"*{words}*") + spills


def main() -> None:
    archs = list(SHARED_BYTES)
    print(f"Triton {triton.__version__}; *emulated* in italics, – where a kernel says why it cannot run.\n")
    print("| kernel | " + " | ".join(archs) + " |")
    print("| --- |" + " --- |" * len(archs))
    for kernel in our_kernels():
        print(f"| {kernel.name} | " + " | ".join(cell(kernel, arch) for arch in archs) + " |", flush=True)


if __name__ == "__main__":
    main()
