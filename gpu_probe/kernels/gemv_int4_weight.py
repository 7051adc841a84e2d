"""One token through int4 weights in groups of 128, widened in registers."""

from gpu_probe.kernels.dense import FLOAT32_LOSS
from gpu_probe.kernels.our_operands import token_and_int4
from gpu_probe.kernels.program import Program, program_kernel
from gpu_probe.kernels.rules import TRITON_AMD

KERNEL = program_kernel(
    name="gemv_int4_weight",
    format="int4",
    about="Triton: one bfloat16 token x int4 weights with a bfloat16 scale per 128",
    operands=token_and_int4,
    program=Program(
        "vector",
        "packed_weights",
        ("*bf16", "*u8", "*bf16", "*fp32", "*bf16"),
        "vector",
        {"BLOCK": 128, "KIND": "int4", "POWERS": False},
    ),
    capability=(8, 0),
    amd=TRITON_AMD,
    loss_per_term=FLOAT32_LOSS,
)
