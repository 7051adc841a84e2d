"""Our own product of MXFP8 activations with MXFP4 weights, in Triton: 4 bits to read, 8-bit tensor cores."""

from gpu_probe.kernels.mm_fp8 import TENSOR_CORE_LOSS
from gpu_probe.kernels.our_operands import block_scaled_operands
from gpu_probe.kernels.program import Program, program_kernel

KERNEL = program_kernel(
    name="triton_w4a8",
    format="w4a8",
    about="Triton tl.dot_scaled: e4m3 activations x e2m1 weights, an e8m0 scale per 32, bfloat16 result",
    operands=block_scaled_operands("mxfp8", "mxfp4"),
    program=Program(
        "products",
        "block_scaled",
        ("*u8", "*u8", "*fp32", "*u8", "*u8", "*fp32", "*bf16"),
        "mx8",
        {"BLOCK": 32, "A_KIND": "e4m3", "A_PACK": 1, "W_KIND": "e2m1", "W_PACK": 2},
        packed=1,
    ),
    capability=(8, 9),
    amd=("gfx950",),
    loss_per_term=TENSOR_CORE_LOSS,
)
