"""Matrix product in IEEE float32, the reference every format is a saving against."""

from gpu_probe.kernels.dense import FLOAT32_LOSS, launch_mm, operands_in
from gpu_probe.kernels.kernel import CpuRule, Kernel
from gpu_probe.kernels.rules import anywhere

KERNEL = Kernel(
    name="mm_fp32",
    format="fp32",
    about="torch.mm on float32, TF32 switched off",
    operands=operands_in("float32"),
    launch=launch_mm("highest"),
    runs_on={"cpu": anywhere, "cuda": anywhere, "rocm": anywhere, "mps": anywhere},
    elsewhere="float32 runs everywhere",
    output="float32",
    writes_out=True,
    loss_per_term=FLOAT32_LOSS,
    on_cpu=CpuRule(native=r"SGEMM|src:f32 wei:f32", meaning="every CPU multiplies float32 itself"),
)
