"""A linear layer in MXFP4 by torch's product, with scales quantized into the tiles that it reads."""

from gpu_probe.kernels.layer import Way, backward_kernel, forward_kernel
from gpu_probe.kernels.layer_block_scaled import by_library
from gpu_probe.kernels.mm_mxfp4 import KERNEL as PRODUCT
from gpu_probe.kernels.quantizing import MXFP4

WAY = Way(PRODUCT, by_library(PRODUCT, MXFP4), MXFP4, tiled=True)
KERNELS = (forward_kernel("forward_mxfp4", WAY), backward_kernel("backward_mxfp4", WAY))
