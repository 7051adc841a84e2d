"""Our own int8 product in Triton, with exact int32 sums."""

from gpu_probe.kernels.mm_int8 import random_codes
from gpu_probe.kernels.program import Program, program_kernel, with_unit_scales
from gpu_probe.kernels.rules import TRITON_AMD

KERNEL = program_kernel(
    name="triton_int8",
    format="int8",
    about="Triton tl.dot: int8 x int8 summed in int32",
    operands=with_unit_scales(random_codes),
    program=Program("products", "dense", ("*i8", "*i8", "*fp32", "*fp32", "*i32"), "int8", {"INTEGER": True}),
    capability=(8, 0),
    amd=TRITON_AMD,
    output="int32",
)
