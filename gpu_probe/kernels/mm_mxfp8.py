"""Matrix product of e4m3 codes with a power-of-two scale per 32: MXFP8 of the OCP microscaling standard."""

from gpu_probe.kernels.block_scaled import CUDA_MULTIPLES, ROCM_MULTIPLES, launch_scaled, operands_of
from gpu_probe.kernels.kernel import Kernel
from gpu_probe.kernels.mm_fp8 import TENSOR_CORE_LOSS
from gpu_probe.kernels.rules import amd_architecture, both, capability_major, torch_has

_SCALED_MM = torch_has("scaled_mm", "torch.nn.functional.scaled_mm")

KERNEL = Kernel(
    name="mm_mxfp8",
    format="mxfp8",
    about="torch scaled_mm: e4m3 x e4m3, an e8m0 scale per 32, bfloat16 result",
    operands=operands_of("mxfp8"),
    launch=launch_scaled("float8_e4m3fn", "float8_e8m0fnu", "BlockWise1x32"),
    runs_on={
        "cuda": both(_SCALED_MM, capability_major((10, 11, 12), "MXFP8 tensor cores come")),
        "rocm": both(_SCALED_MM, amd_architecture(("gfx950",), "MXFP8 matrix cores are")),
    },
    elsewhere="torch multiplies MXFP8 on NVIDIA Blackwell and AMD CDNA 4 only",
    multiples={"cuda": CUDA_MULTIPLES, "rocm": ROCM_MULTIPLES},
    loss_per_term=TENSOR_CORE_LOSS,
)
