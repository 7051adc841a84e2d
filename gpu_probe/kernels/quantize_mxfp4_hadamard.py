"""What it costs to spread activations by a Hadamard transform and turn them into MXFP4, as Quartet does."""

from gpu_probe.kernels.quantizing import MXFP4_HADAMARD, quantize_kernel

KERNEL = quantize_kernel(
    "quantize_mxfp4_hadamard",
    "mxfp4",
    "Hadamard transform of every 32, then e2m1 codes and an e8m0 scale per 32; n is 1",
    MXFP4_HADAMARD,
    (8, 0),
)
