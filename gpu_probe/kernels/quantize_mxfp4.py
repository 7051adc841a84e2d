"""What it costs to turn activations into MXFP4."""

from gpu_probe.kernels.quantizing import MXFP4, quantize_kernel

KERNEL = quantize_kernel(
    "quantize_mxfp4",
    "mxfp4",
    "bfloat16 m x k to e2m1 codes and an e8m0 scale per 32; n is 1",
    MXFP4,
    (8, 0),
)
