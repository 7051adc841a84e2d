"""Matrix product in bfloat16 with weights of which two in four are zero."""

from gpu_probe.kernels.dense import FLOAT32_LOSS, operands_in
from gpu_probe.kernels.kernel import Multiples
from gpu_probe.kernels.sparse import sparse_kernel

KERNEL = sparse_kernel(
    "mm_bf16_sparse", "bf16", operands_in("bfloat16"), Multiples(m=8, n=32, k=64), "bfloat16", FLOAT32_LOSS
)
