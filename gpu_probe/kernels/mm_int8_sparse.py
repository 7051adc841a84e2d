"""Matrix product of int8 codes with weights of which two in four are zero, with exact int32 sums."""

from gpu_probe.kernels.kernel import Multiples
from gpu_probe.kernels.mm_int8 import random_codes
from gpu_probe.kernels.sparse import sparse_kernel

KERNEL = sparse_kernel("mm_int8_sparse", "int8", random_codes, Multiples(m=16, n=32, k=128), "int32", {})
