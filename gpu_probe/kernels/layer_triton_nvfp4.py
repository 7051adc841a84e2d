"""A linear layer in NVFP4 by our own product; on a CPU its codes are widened and multiplied in float32."""

from gpu_probe.kernels.layer import Way, backward_kernel, forward_kernel
from gpu_probe.kernels.layer_block_scaled import by_ours, with_cpu
from gpu_probe.kernels.quantizing import NVFP4
from gpu_probe.kernels.triton_nvfp4 import KERNEL as PRODUCT

WAY = Way(with_cpu(PRODUCT), by_ours(PRODUCT, NVFP4), NVFP4)
KERNELS = (forward_kernel("forward_triton_nvfp4", WAY), backward_kernel("backward_triton_nvfp4", WAY))
