"""Our own MXFP8 product in Triton, operands and scales copied by the tensor memory accelerator of Blackwell."""

from gpu_probe.kernels.mm_fp8 import TENSOR_CORE_LOSS
from gpu_probe.kernels.our_operands import block_scaled_operands
from gpu_probe.kernels.program import Program, program_kernel

KERNEL = program_kernel(
    name="triton_mxfp8_tma",
    format="mxfp8",
    about="Triton tl.dot_scaled by TMA: e4m3 x e4m3, an e8m0 scale per 32, bfloat16 result",
    operands=block_scaled_operands("mxfp8", "mxfp8", tiled=True),
    program=Program(
        "products",
        "block_scaled_tma",
        ("*u8", "*u8", "*fp32", "*u8", "*u8", "*fp32", "*bf16"),
        "mx8",
        {"BLOCK": 32, "A_KIND": "e4m3", "A_PACK": 1, "W_KIND": "e4m3", "W_PACK": 1},
        packed=1,
        descriptors=True,
    ),
    capability=(10, 0),
    loss_per_term=TENSOR_CORE_LOSS,
)
