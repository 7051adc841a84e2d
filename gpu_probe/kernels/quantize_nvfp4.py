"""What it costs to turn activations into NVFP4 once the scale of the tensor is known."""

from gpu_probe.kernels.quantizing import NVFP4, quantize_kernel

KERNEL = quantize_kernel(
    "quantize_nvfp4",
    "nvfp4",
    "bfloat16 m x k to e2m1 codes and an e4m3 scale per 16, the tensor's scale given; n is 1",
    NVFP4,
    (8, 9),
)
