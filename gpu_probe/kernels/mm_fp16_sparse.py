"""Matrix product in float16 with weights of which two in four are zero."""

from gpu_probe.kernels.dense import FLOAT32_LOSS, operands_in
from gpu_probe.kernels.kernel import Multiples
from gpu_probe.kernels.sparse import sparse_kernel

KERNEL = sparse_kernel(
    "mm_fp16_sparse", "fp16", operands_in("float16"), Multiples(m=8, n=32, k=64), "float16", FLOAT32_LOSS
)
