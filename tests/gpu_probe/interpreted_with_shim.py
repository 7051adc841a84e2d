"""Runs gpu_probe.interpreted with the faults of Triton's interpreter mended, for tests only.

The interpreter of Triton 3.9 multiplies the bit patterns of bfloat16 (triton issue 11584, closed as unsupported),
reads every block scale as e8m0, cuts float32 to bfloat16, and loses the carry when it rounds float32 up to a power of
two of e4m3 (its significand is joined to the exponent by 'or'). Arguments: kernels. Last comes whether the programs
that quantize for a library's layer make what torch does, with the scales in tiles.
"""

import json
import sys

import ml_dtypes
import numpy as np
import torch
import triton.language as tl
from triton.runtime import interpreter

from gpu_probe.interpreted import main
from gpu_probe.kernels.quantizing import MXFP4, NVFP4
from gpu_probe.layout import to_blocked

_dot = interpreter.InterpreterBuilder.create_dot
_scale_to_f32 = interpreter._dot_scaled_scale_to_f32
_convert = interpreter._convert_float


def widened(handle):
    """bfloat16 as float32, anything else as it is."""
    if handle.dtype != tl.bfloat16:
        return handle
    bits = handle.data.view(np.uint16).astype(np.uint32) << 16
    return interpreter.TensorHandle(bits.view(np.float32), tl.float32)


def mended_dot(self, a, b, *rest):
    return _dot(self, widened(a), widened(b), *rest)


def mended_scale(handle, compute_type):
    if handle.dtype != tl.float8e4nv:
        return _scale_to_f32(handle, compute_type)
    return handle.data.view(ml_dtypes.float8_e4m3fn).astype(np.float32)


def mended_convert(data, source, target, rounding):
    if (source, target) == (tl.float32, tl.bfloat16):
        return data.astype(ml_dtypes.bfloat16).view(np.uint16)
    if (source, target) != (tl.float32, tl.float8e4nv):
        return _convert(data, source, target, rounding)
    return data.astype(ml_dtypes.float8_e4m3fn).view(np.uint8)


interpreter._convert_float = mended_convert
interpreter.InterpreterBuilder.create_dot = mended_dot
interpreter._dot_scaled_scale_to_f32 = mended_scale


def tiled(recipe, turned):
    """How many bytes of codes and of scales differ from torch's, the scales brought into tiles by gpu_probe.layout."""
    values = torch.randn(192, 256, generator=torch.Generator().manual_seed(1)).to(torch.bfloat16)
    factor, program = recipe.factor(values), recipe.program(turned, tiled=True)
    outs = program.outputs(values)
    program.run("cuda", (values, factor), outs)
    codes, scales, _ = recipe.in_torch(values.t().contiguous() if turned else values, factor)
    pairs = ((outs[0], codes), (outs[1], to_blocked(scales)))
    return sum(int((made.view(torch.uint8) != wanted).sum()) for made, wanted in pairs)


if __name__ == "__main__":
    code = main(sys.argv[1:], faults=False)
    differ = {f"{recipe.emulator} {turned}": tiled(recipe, turned) for recipe in (MXFP4, NVFP4) for turned in (0, 1)}
    status = "OK" if not any(differ.values()) else "WRONG"
    print(json.dumps({"kernel": "tiled scales", "status": status, "detail": str(differ)}))
    sys.exit(code)
