"""Our own bfloat16 product in Triton: what our other kernels are compared with."""

from gpu_probe.kernels.dense import FLOAT32_LOSS, operands_in
from gpu_probe.kernels.program import Program, program_kernel, with_unit_scales
from gpu_probe.kernels.rules import TRITON_AMD

KERNEL = program_kernel(
    name="triton_bf16",
    format="bf16",
    about="Triton tl.dot: bfloat16 x bfloat16, bfloat16 result",
    operands=with_unit_scales(operands_in("bfloat16")),
    program=Program("products", "dense", ("*bf16", "*bf16", "*fp32", "*fp32", "*bf16"), "bf16", {"INTEGER": False}),
    capability=(8, 0),
    amd=TRITON_AMD,
    loss_per_term=FLOAT32_LOSS,
)
