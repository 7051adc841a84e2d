"""One token through int8 weights with a scale per output, widened in registers."""

from gpu_probe.kernels.dense import FLOAT32_LOSS
from gpu_probe.kernels.our_operands import token_and_codes
from gpu_probe.kernels.program import Program, program_kernel
from gpu_probe.kernels.rules import TRITON_AMD

KERNEL = program_kernel(
    name="gemv_int8_weight",
    format="int8",
    about="Triton: one bfloat16 token x int8 weights with a float32 scale per output",
    operands=token_and_codes("int8"),
    program=Program("vector", "plain_weights", ("*bf16", "*i8", "*fp32", "*bf16"), "vector", {}),
    capability=(8, 0),
    amd=TRITON_AMD,
    loss_per_term=FLOAT32_LOSS,
)
