"""One token through NVFP4 weights, widened in registers: 4.5 bits a weight to read."""

from gpu_probe.kernels.dense import FLOAT32_LOSS
from gpu_probe.kernels.our_operands import token_and_weights
from gpu_probe.kernels.program import Program, program_kernel
from gpu_probe.kernels.rules import TRITON_AMD

KERNEL = program_kernel(
    name="gemv_nvfp4_weight",
    format="nvfp4",
    about="Triton: one bfloat16 token x e2m1 weights with an e4m3 scale per 16 and one per tensor",
    operands=token_and_weights("nvfp4"),
    program=Program(
        "vector",
        "packed_weights",
        ("*bf16", "*u8", "*fp8e4nv", "*fp32", "*bf16"),
        "vector",
        {"BLOCK": 16, "KIND": "e2m1", "POWERS": False},
    ),
    capability=(8, 9),
    amd=TRITON_AMD,
    loss_per_term=FLOAT32_LOSS,
)
