"""Matrix product in IEEE float16 with float32 accumulation."""

from gpu_probe.kernels.dense import FLOAT32_LOSS, launch_mm, operands_in
from gpu_probe.kernels.kernel import CpuRule, Kernel
from gpu_probe.kernels.rules import anywhere, capability_from

KERNEL = Kernel(
    name="mm_fp16",
    format="fp16",
    about="torch.mm on float16",
    operands=operands_in("float16"),
    launch=launch_mm(),
    runs_on={
        "cpu": anywhere,
        "cuda": capability_from(7, 0, "float16 tensor cores exist"),
        "rocm": anywhere,
        "mps": anywhere,
    },
    elsewhere="float16 runs everywhere",
    output="float16",
    writes_out=True,
    loss_per_term=FLOAT32_LOSS,
    on_cpu=CpuRule(
        native=r"(avx512_core_fp16|amx_fp16|avx10).*src:f16",
        emulated=r"SGEMM|src:f32|(avx2|avx512_core|ref).*src:f16",
        features=("avx512_fp16|amx_fp16|avx10_2|asimdhp",),
        meaning="float16 instructions; without them torch converts to float32",
    ),
)
