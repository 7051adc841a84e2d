"""Our own MXFP4 product in Triton, the only one for compute capability 12.x; decomposed where no FP4 hardware is."""

from gpu_probe.kernels.mm_fp8 import TENSOR_CORE_LOSS
from gpu_probe.kernels.our_operands import block_scaled_operands
from gpu_probe.kernels.program import Program, program_kernel

KERNEL = program_kernel(
    name="triton_mxfp4",
    format="mxfp4",
    about="Triton tl.dot_scaled: e2m1 x e2m1, an e8m0 scale per 32, bfloat16 result",
    operands=block_scaled_operands("mxfp4", "mxfp4"),
    program=Program(
        "products",
        "block_scaled",
        ("*u8", "*u8", "*fp32", "*u8", "*u8", "*fp32", "*bf16"),
        "mx4",
        {"BLOCK": 32, "A_KIND": "e2m1", "A_PACK": 2, "W_KIND": "e2m1", "W_PACK": 2},
        packed=2,
    ),
    capability=(8, 0),
    amd=("gfx950",),
    loss_per_term=TENSOR_CORE_LOSS,
)
