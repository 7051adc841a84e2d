"""Our own product of FP8 activations with int4 weights, in Triton: 4 bits to read, 8-bit tensor cores."""

from gpu_probe.kernels.mm_fp8 import TENSOR_CORE_LOSS
from gpu_probe.kernels.our_operands import fp8_and_int4
from gpu_probe.kernels.program import Program, program_kernel

KERNEL = program_kernel(
    name="triton_fp8_int4",
    format="fp8_int4",
    about="Triton tl.dot: e4m3 activations x int4 weights with a bfloat16 scale per 128, exact in e4m3 when widened",
    operands=fp8_and_int4,
    program=Program(
        "products", "int4_weights", ("*fp8e4nv", "*u8", "*bf16", "*fp32", "*bf16"), "int4 weights in fp8", {}
    ),
    capability=(8, 9),
    amd=("gfx950", "gfx1201"),
    loss_per_term=TENSOR_CORE_LOSS,
)
