"""A linear layer in MXFP4 by our own product; on a CPU its codes are widened and multiplied in float32."""

from gpu_probe.kernels.layer import Way, backward_kernel, forward_kernel
from gpu_probe.kernels.layer_block_scaled import by_ours, with_cpu
from gpu_probe.kernels.quantizing import MXFP4
from gpu_probe.kernels.triton_mxfp4 import KERNEL as PRODUCT

WAY = Way(with_cpu(PRODUCT), by_ours(PRODUCT, MXFP4), MXFP4)
KERNELS = (forward_kernel("forward_triton_mxfp4", WAY), backward_kernel("backward_triton_mxfp4", WAY))
