"""One token through bfloat16 weights, in our own kernel: what those of fewer bits are compared with."""

from gpu_probe.kernels.dense import FLOAT32_LOSS
from gpu_probe.kernels.our_operands import token_and_codes
from gpu_probe.kernels.program import Program, program_kernel
from gpu_probe.kernels.rules import TRITON_AMD

KERNEL = program_kernel(
    name="gemv_bf16",
    format="bf16",
    about="Triton: one bfloat16 token x bfloat16 weights with a float32 scale per output",
    operands=token_and_codes("bfloat16"),
    program=Program("vector", "plain_weights", ("*bf16", "*bf16", "*fp32", "*bf16"), "vector", {}),
    capability=(8, 0),
    amd=TRITON_AMD,
    loss_per_term=FLOAT32_LOSS,
)
