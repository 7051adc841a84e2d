"""Our own NVFP4 product in Triton, operands and scales copied by the tensor memory accelerator of Blackwell."""

from gpu_probe.kernels.mm_fp8 import TENSOR_CORE_LOSS
from gpu_probe.kernels.our_operands import block_scaled_operands
from gpu_probe.kernels.program import Program, program_kernel

KERNEL = program_kernel(
    name="triton_nvfp4_tma",
    format="nvfp4",
    about="Triton tl.dot_scaled by TMA: e2m1 x e2m1, an e4m3 scale per 16 and one per tensor, bfloat16 result",
    operands=block_scaled_operands("nvfp4", "nvfp4", tiled=True),
    program=Program(
        "products",
        "block_scaled_tma",
        ("*u8", "*fp8e4nv", "*fp32", "*u8", "*fp8e4nv", "*fp32", "*bf16"),
        "nv4",
        {"BLOCK": 16, "A_KIND": "e2m1", "A_PACK": 2, "W_KIND": "e2m1", "W_PACK": 2},
        packed=2,
        descriptors=True,
    ),
    capability=(10, 0),
    loss_per_term=TENSOR_CORE_LOSS,
)
