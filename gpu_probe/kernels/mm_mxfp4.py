"""Matrix product of e2m1 codes with a power-of-two scale per 32: MXFP4 of the OCP microscaling standard."""

from gpu_probe.kernels.block_scaled import CUDA_MULTIPLES, ROCM_MULTIPLES, launch_scaled, operands_of
from gpu_probe.kernels.kernel import Kernel
from gpu_probe.kernels.mm_fp8 import TENSOR_CORE_LOSS
from gpu_probe.kernels.rules import amd_architecture, both, capability_major, torch_has

_SCALED_MM = torch_has("scaled_mm", "torch.nn.functional.scaled_mm")

KERNEL = Kernel(
    name="mm_mxfp4",
    format="mxfp4",
    about="torch scaled_mm: e2m1 x e2m1, an e8m0 scale per 32, bfloat16 result",
    operands=operands_of("mxfp4"),
    launch=launch_scaled("float4_e2m1fn_x2", "float8_e8m0fnu", "BlockWise1x32"),
    runs_on={
        # Compute capability 12.x has the instructions too, but torch has no MXFP4 product for it.
        "cuda": both(_SCALED_MM, capability_major((10,), "torch's MXFP4 product comes")),
        "rocm": both(_SCALED_MM, amd_architecture(("gfx950",), "MXFP4 matrix cores are")),
    },
    elsewhere="torch multiplies MXFP4 on NVIDIA Blackwell data-center GPUs and AMD CDNA 4 only",
    multiples={"cuda": CUDA_MULTIPLES, "rocm": ROCM_MULTIPLES},
    loss_per_term=TENSOR_CORE_LOSS,
)
