"""Our own MXFP8 product in Triton: block-scaled tensor cores where there are any, bfloat16 ones elsewhere."""

from gpu_probe.kernels.mm_fp8 import TENSOR_CORE_LOSS
from gpu_probe.kernels.our_operands import block_scaled_operands
from gpu_probe.kernels.program import Program, program_kernel

KERNEL = program_kernel(
    name="triton_mxfp8",
    format="mxfp8",
    about="Triton tl.dot_scaled: e4m3 x e4m3, an e8m0 scale per 32, bfloat16 result",
    operands=block_scaled_operands("mxfp8", "mxfp8"),
    program=Program(
        "products",
        "block_scaled",
        ("*u8", "*u8", "*fp32", "*u8", "*u8", "*fp32", "*bf16"),
        "mx8",
        {"BLOCK": 32, "A_KIND": "e4m3", "A_PACK": 1, "W_KIND": "e4m3", "W_PACK": 1},
        packed=1,
    ),
    capability=(8, 9),
    amd=("gfx950",),
    loss_per_term=TENSOR_CORE_LOSS,
)
