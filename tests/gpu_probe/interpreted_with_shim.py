"""Runs gpu_probe.interpreted with the faults of Triton's interpreter mended, for tests only.

The interpreter of Triton 3.9 multiplies the bit patterns of bfloat16 (triton issue 11584, closed as unsupported),
reads every block scale as e8m0, and loses the carry when it rounds float32 up to a power of two of e4m3 (its
significand is joined to the exponent by 'or'). Arguments: kernels.
"""

import sys

import ml_dtypes
import numpy as np
import triton.language as tl
from triton.runtime import interpreter

from gpu_probe.interpreted import main

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
    if (source, target) != (tl.float32, tl.float8e4nv):
        return _convert(data, source, target, rounding)
    return data.astype(ml_dtypes.float8_e4m3fn).view(np.uint8)


interpreter._convert_float = mended_convert
interpreter.InterpreterBuilder.create_dot = mended_dot
interpreter._dot_scaled_scale_to_f32 = mended_scale

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], faults=False))
