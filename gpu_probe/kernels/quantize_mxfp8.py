"""What it costs to turn activations into MXFP8."""

from gpu_probe.kernels.quantizing import MXFP8, quantize_kernel

KERNEL = quantize_kernel(
    "quantize_mxfp8",
    "mxfp8",
    "bfloat16 m x k to e4m3 codes and an e8m0 scale per 32; n is 1",
    MXFP8,
    (8, 9),
)
