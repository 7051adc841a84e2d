"""A linear layer in FP8 by torch's product, the scales of its tensors known (delayed scaling)."""

from gpu_probe.kernels.layer import Way, backward_kernel, forward_kernel
from gpu_probe.kernels.mm_fp8 import KERNEL as PRODUCT
from gpu_probe.kernels.quantizing import FP8


def _multiply(kind: str, a: tuple, w: tuple):
    import torch

    (a_codes, _, a_scale), (w_codes, _, w_scale) = a, w
    fp8 = torch.float8_e4m3fn
    return PRODUCT.launch(kind, (a_codes.view(fp8), w_codes.view(fp8), a_scale, w_scale), None)


WAY = Way(PRODUCT, _multiply, FP8)
KERNELS = (forward_kernel("forward_fp8", WAY), backward_kernel("backward_fp8", WAY))
