"""The numbers of our own kernels without a GPU: Triton's interpreter runs them on the CPU, checked as on a device.

A process of its own: Triton asks for its interpreter when the functions are defined.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from gpu_probe.check import Check, check
from gpu_probe.kernels import KERNELS, Kernel
from gpu_probe.kernels.kernel import Place
from gpu_probe.kernels.tiles import ROWS, VECTOR, Tile
from gpu_probe.shapes import Shape

SWITCH = "TRITON_INTERPRET"
# Two tiles each way and two steps of k, none of them full.
PRODUCT, SMALL = Shape(33, 48, 512), Tile(32, 32, 256, 4, 1)
LAYER = Shape(128, 128, 256)
# Passes through a layer of which every part is a program of ours.
INTERPRETED_LAYERS = tuple(name for name, kernel in KERNELS.items() if kernel.phase and kernel.code is not None)
CASES = {
    "vector": (Shape(1, 24, 1024), VECTOR),
    "rows": (Shape(40, 1, 256), ROWS),
    **dict.fromkeys(("int4 weights", "int4 weights in fp8"), (PRODUCT, Tile(32, 32, 128, 4, 1))),
    "block_scaled_tma": (Shape(130, 48, 512), Tile(128, 128, 256, 4, 1)),
}
# What the interpreter of Triton 3.9 computes wrongly, and the kernels of which it therefore proves nothing.
_BITS = "Triton's interpreter multiplies the bit patterns of bfloat16 instead of its values"
_SCALES = "Triton's interpreter reads block scales in e4m3 as e8m0"
_CUTS = "Triton's interpreter cuts float32 to bfloat16 instead of rounding it"
_CARRY = "Triton's interpreter loses the carry when it rounds float32 up to the next power of two of e4m3"
INTERPRETER_FAULTS = {
    "triton_bf16": _BITS,
    "triton_int4_weight": _BITS,
    "quantize_mxfp4_hadamard": _BITS,  # multiplies its signs in bfloat16
    "triton_nvfp4": _SCALES,
    "triton_nvfp4_tma": _SCALES,
    "quantize_fp8": _CARRY,
    "quantize_mxfp8": _CARRY,
    "quantize_nvfp4": _CARRY,
    **dict.fromkeys(("forward_triton_mxfp4", "backward_triton_mxfp4"), _CUTS),
    **dict.fromkeys(("forward_triton_nvfp4", "backward_triton_nvfp4"), _SCALES),
}


def interpret(kernel: Kernel, seed: int) -> tuple[str, str]:
    """Status (OK or WRONG) and detail of one call of a kernel of ours under the interpreter."""
    import torch

    if kernel.phase:
        operands = kernel.operands(LAYER, Place("cpu", "cuda"), seed)
        return _said(LAYER, check(kernel, LAYER, operands, kernel.launch("cuda", operands.tensors, None), "cpu", seed))
    assert kernel.program is not None
    program = kernel.program
    shape, tile = CASES.get(program.function) or CASES.get(program.kind, (PRODUCT, SMALL))
    operands = kernel.operands(shape, Place("cpu", "cuda"), seed)
    if kernel.program.outputs is not None:
        outs = kernel.program.outputs(operands.tensors[0])
        kernel.program.call(tile, operands.tensors, outs)
        return _said(shape, check(kernel, shape, operands, (*outs, operands.tensors[1]), "cpu", seed))  # ty: ignore
    out = torch.full((shape.m, shape.n), 77, dtype=torch.int32 if kernel.output == "int32" else torch.float32)
    kernel.program.call(tile, operands.tensors, (out,))
    exact = kernel if kernel.output == "int32" else replace(kernel, output="float32")
    exact = replace(exact, loss_per_term=dict.fromkeys(("cpu",), 2.0**-23))
    return _said(shape, check(exact, shape, operands, out, "cpu", seed))


def _said(shape: Shape, found: Check) -> tuple[str, str]:
    detail = found.failure or f"relative error {found.relative_error:.2g} in {found.checked} elements"
    return ("WRONG" if found.failure else "OK"), f"{shape}: {detail}"


def main(names: Sequence[str], faults: bool = True) -> int:
    """Prints a JSON line {kernel, status, detail} for each of the kernels named."""
    if os.environ.get(SWITCH) != "1":
        raise RuntimeError(f"set {SWITCH}=1 before Python starts: Triton reads it when its functions are defined")
    for seed, name in enumerate(names):
        kernel = KERNELS[name]
        reason = INTERPRETER_FAULTS.get(name) if faults else None
        status, detail = ("SKIPPED", reason) if reason else interpret(kernel, seed)
        print(json.dumps({"kernel": name, "status": status, "detail": detail}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
