"""What it costs to turn activations into MXFP4."""

from gpu_probe.kernels.quantizing import Recipe, quantize_kernel

KERNEL = quantize_kernel(
    "quantize_mxfp4",
    "mxfp4",
    "bfloat16 m x k to e2m1 codes and an e8m0 scale per 32; n is 1",
    Recipe("mxfp4", 32, 2, fp4=True, powers=True),
    (8, 0),
)
