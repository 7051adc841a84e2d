"""Matrix product in bfloat16 with float32 accumulation: the baseline of every speed-up."""

from gpu_probe.kernels.dense import FLOAT32_LOSS, launch_mm, operands_in
from gpu_probe.kernels.kernel import CpuRule, Kernel
from gpu_probe.kernels.rules import anywhere, capability_from

KERNEL = Kernel(
    name="mm_bf16",
    format="bf16",
    about="torch.mm on bfloat16",
    operands=operands_in("bfloat16"),
    launch=launch_mm(),
    runs_on={
        "cpu": anywhere,
        "cuda": capability_from(8, 0, "bfloat16 tensor cores exist"),
        "rocm": anywhere,
        "mps": anywhere,
    },
    elsewhere="bfloat16 runs everywhere",
    writes_out=True,
    loss_per_term=FLOAT32_LOSS,
    on_cpu=CpuRule(
        native=r"(avx512_core_(bf16|amx|fp16)|avx10|acl|sve).*src:bf16",
        emulated=r"SGEMM|src:f32|(avx2|avx512_core|ref).*src:bf16",
        features=("avx512_bf16|amx_bf16|avx10_2|bf16",),
        meaning="bfloat16 dot-product instructions",
    ),
)
