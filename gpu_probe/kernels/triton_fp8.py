"""Our own FP8 product in Triton: e4m3 codes with one scale per tensor."""

from gpu_probe.kernels.mm_fp8 import TENSOR_CORE_LOSS, tensor_scaled
from gpu_probe.kernels.program import Program, program_kernel

KERNEL = program_kernel(
    name="triton_fp8",
    format="fp8",
    about="Triton tl.dot: e4m3 x e4m3, one scale per tensor, bfloat16 result",
    operands=tensor_scaled,
    program=Program(
        "products", "dense", ("*fp8e4nv", "*fp8e4nv", "*fp32", "*fp32", "*bf16"), "fp8", {"INTEGER": False}
    ),
    capability=(8, 9),
    amd=("gfx950", "gfx1201"),
    loss_per_term=TENSOR_CORE_LOSS,
)
