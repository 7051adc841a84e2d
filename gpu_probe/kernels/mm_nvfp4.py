"""Matrix product of e2m1 codes with an e4m3 scale per 16 and a float32 scale per tensor: NVFP4."""

from gpu_probe.kernels.block_scaled import CUDA_MULTIPLES, launch_scaled, operands_of
from gpu_probe.kernels.kernel import Kernel
from gpu_probe.kernels.mm_fp8 import TENSOR_CORE_LOSS
from gpu_probe.kernels.rules import both, capability_major, torch_has

KERNEL = Kernel(
    name="mm_nvfp4",
    format="nvfp4",
    about="torch scaled_mm: e2m1 x e2m1, an e4m3 scale per 16 and one per tensor, bfloat16 result",
    operands=operands_of("nvfp4"),
    launch=launch_scaled("float4_e2m1fn_x2", "float8_e4m3fn", "BlockWise1x16"),
    runs_on={
        "cuda": both(
            torch_has("scaled_mm", "torch.nn.functional.scaled_mm"),
            capability_major((10, 11, 12), "NVFP4 tensor cores come"),
        ),
    },
    elsewhere="torch multiplies NVFP4 on NVIDIA Blackwell only",
    multiples={"cuda": CUDA_MULTIPLES},
    loss_per_term=TENSOR_CORE_LOSS,
)
