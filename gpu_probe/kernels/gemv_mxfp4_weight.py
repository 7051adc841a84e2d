"""One token through MXFP4 weights, widened in registers: 4.25 bits a weight to read."""

from gpu_probe.kernels.dense import FLOAT32_LOSS
from gpu_probe.kernels.our_operands import token_and_weights
from gpu_probe.kernels.program import Program, program_kernel
from gpu_probe.kernels.rules import TRITON_AMD

KERNEL = program_kernel(
    name="gemv_mxfp4_weight",
    format="mxfp4",
    about="Triton: one bfloat16 token x e2m1 weights with an e8m0 scale per 32",
    operands=token_and_weights("mxfp4"),
    program=Program(
        "vector",
        "packed_weights",
        ("*bf16", "*u8", "*u8", "*fp32", "*bf16"),
        "vector",
        {"BLOCK": 32, "KIND": "e2m1", "POWERS": True},
    ),
    capability=(8, 0),
    amd=TRITON_AMD,
    loss_per_term=FLOAT32_LOSS,
)
