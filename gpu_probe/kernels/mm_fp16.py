"""Matrix product in IEEE float16 with float32 accumulation."""

from gpu_probe.kernels.dense import FLOAT32_LOSS, launch_mm, operands_in
from gpu_probe.kernels.kernel import Kernel, NativeRule
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
    native={
        "cpu": NativeRule(
            native=r"avx512_core_fp16|amx_fp16|avx10",
            emulated=r"SGEMM|avx2|avx512_core(?!_fp16)",
            features=("avx512_fp16|amx_fp16|avx10_2",),
            meaning="float16 instructions; without them torch converts to float32",
        ),
        "cuda": NativeRule(
            native=r"nvjet_(sm\d+_)?h|(fp16|f16)_s\d+gemm|gemm_(fp16|f16)|f16f16|h\d*gemm|h884",
            emulated=r"sgemm|simt",
            meaning="the name says float16 tensor cores",
        ),
    },
)
