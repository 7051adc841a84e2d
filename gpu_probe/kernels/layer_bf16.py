"""A linear layer in bfloat16, which quantizes nothing: what every other layer is compared with."""

from gpu_probe.kernels.layer import Way, backward_kernel, forward_kernel
from gpu_probe.kernels.mm_bf16 import KERNEL as PRODUCT


def _multiply(kind: str, a: tuple, w: tuple):
    return PRODUCT.launch(kind, (a[0], w[0]), None)


WAY = Way(PRODUCT, _multiply)
KERNELS = (forward_kernel("forward_bf16", WAY), backward_kernel("backward_bf16", WAY))
