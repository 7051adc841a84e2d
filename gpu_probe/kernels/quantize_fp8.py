"""What it costs to turn activations into FP8 once the scale of the tensor is known (delayed scaling)."""

from gpu_probe.kernels.quantizing import FP8, quantize_kernel

KERNEL = quantize_kernel(
    "quantize_fp8",
    "fp8",
    "bfloat16 m x k to e4m3 codes, the tensor's scale given; n is 1",
    FP8,
    (8, 9),
)
