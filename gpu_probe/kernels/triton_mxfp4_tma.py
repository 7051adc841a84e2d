"""Our own MXFP4 product in Triton, operands and scales copied by the tensor memory accelerator of Blackwell."""

from gpu_probe.kernels.mm_fp8 import TENSOR_CORE_LOSS
from gpu_probe.kernels.our_operands import block_scaled_operands
from gpu_probe.kernels.program import Program, program_kernel

KERNEL = program_kernel(
    name="triton_mxfp4_tma",
    format="mxfp4",
    about="Triton tl.dot_scaled by TMA: e2m1 x e2m1, an e8m0 scale per 32, bfloat16 result",
    operands=block_scaled_operands("mxfp4", "mxfp4", tiled=True),
    program=Program(
        "products",
        "block_scaled_tma",
        ("*u8", "*u8", "*fp32", "*u8", "*u8", "*fp32", "*bf16"),
        "mx4",
        {"BLOCK": 32, "A_KIND": "e2m1", "A_PACK": 2, "W_KIND": "e2m1", "W_PACK": 2},
        packed=2,
        descriptors=True,
    ),
    capability=(10, 0),
    loss_per_term=TENSOR_CORE_LOSS,
)
