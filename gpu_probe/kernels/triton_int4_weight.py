"""Up to hundreds of tokens through int4 weights in groups of 128, in our own kernel: where fewer bits stop paying."""

from gpu_probe.kernels.dense import FLOAT32_LOSS
from gpu_probe.kernels.our_operands import token_and_int4
from gpu_probe.kernels.program import Program, program_kernel
from gpu_probe.kernels.rules import TRITON_AMD

KERNEL = program_kernel(
    name="triton_int4_weight",
    format="int4",
    about="Triton tl.dot: bfloat16 tokens x int4 weights with a bfloat16 scale per 128, widened in registers",
    operands=token_and_int4,
    program=Program("products", "int4_weights", ("*bf16", "*u8", "*bf16", "*fp32", "*bf16"), "int4 weights", {}),
    capability=(8, 0),
    amd=TRITON_AMD,
    loss_per_term=FLOAT32_LOSS,
)
