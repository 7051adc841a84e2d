"""Matrix product in TF32: float32 storage, 10 mantissa bits in the multiplication."""

from gpu_probe.kernels.dense import FLOAT32_LOSS, launch_mm, operands_in
from gpu_probe.kernels.kernel import Kernel
from gpu_probe.kernels.rules import capability_from

KERNEL = Kernel(
    name="mm_tf32",
    format="tf32",
    about="torch.mm on float32 with float32 matmul precision 'high'",
    operands=operands_in("float32", keep_bits=10),
    launch=launch_mm("high"),
    runs_on={"cuda": capability_from(8, 0, "TF32 tensor cores exist")},
    elsewhere="TF32 is a mode of NVIDIA tensor cores",
    output="float32",
    writes_out=True,
    loss_per_term=FLOAT32_LOSS,
)
