"""Whether a format's own hardware did the work, read from the names that the libraries give to what ran."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gpu_probe.device import DeviceInfo
from gpu_probe.kernels.kernel import CpuRule, Kernel

LONGEST_NAME = 160  # of a device kernel in a sentence; the verdict reads the whole name

# What the name of a GPU kernel says that it multiplies: the first row that is found in the name counts, so that
# 'e4m3' as a scale is not taken for FP8 operands, nor an output in bf16 for operands in bf16.
# Source: names in public profiler traces of cuBLAS, CUTLASS, MSLK and ATen; for AMD of hipBLASLt (Tensile).
GPU_NAMES = (
    ("int4", r"tinygemm.*int4"),
    ("", r"at::native::|Memcpy|Memset"),  # casts and fills name formats and multiply nothing
    ("fp32", r"sgemm|f32f32_f32f32"),
    ("scalar units", r"simt"),
    ("nvfp4", r"ue4m3x(e2m1|f4)|nvjet_(sm\d+_)?oo.*vec16UE4M3|e2m1.*ue4m3"),
    ("mxfp4", r"ue8m0x(e2m1|f4)|nvjet_(sm\d+_)?oo.*vec32UE8M0|e2m1.*ue8m0"),
    ("mxfp8", r"ue8m0x(e4m3|f8)|nvjet_(sm\d+_)?qq.*vec32UE8M0|e4m3.*ue8m0"),
    ("fp8", r"nvjet_(sm\d+_)?qq|e4m3|Cijk_A\w{3}_B\w{3}_F8(?!B8)"),
    ("int8", r"i\d+gemm|i8i8|i8i32|Cijk_A\w{3}_B\w{3}_I8"),
    ("bf16", r"bf16_s\d+gemm|gemm_(relu_)?bf16|nvjet_(sm\d+_)?t|Cijk_A\w{3}_B\w{3}_B[BS]S_"),
    ("fp16", r"f(p)?16_s\d+gemm|gemm_(relu_)?fp?16|h\d+gemm|nvjet_(sm\d+_)?h|Cijk_A\w{3}_B\w{3}_H[HS]S_"),
    ("tf32", r"tf32|s1688gemm"),
)
GPU_MEANING = {
    "fp32": "the name says float32 units",
    "int4": "weights are read as 4 bits and widened in registers; the product itself is bfloat16",
}


@dataclass(frozen=True)
class Evidence:
    """True, False or None (not known) with the sentence that says why."""

    native: bool | None
    sentence: str


def judge(kernel: Kernel, ran: Iterable[str], device: DeviceInfo) -> Evidence:
    """The verdict on the names of what ran when the kernel was called on the device."""
    names = tuple(dict.fromkeys(ran))
    told = f"ran {', '.join(name[:LONGEST_NAME] for name in names)}" if names else "no library named what ran"
    if not kernel.multiplies:
        return Evidence(None, told)
    if device.kind == "cpu" and kernel.on_cpu:
        return _on_cpu(kernel.on_cpu, names, told, device)
    return _on_gpu(kernel.format, names, told)


def multiplies(name: str) -> str:
    """The format that a GPU kernel of that name multiplies, "" when the name does not tell."""
    return next((known for known, pattern in GPU_NAMES if re.search(pattern, name, re.IGNORECASE)), "")


def _on_gpu(wanted: str, names: tuple[str, ...], told: str) -> Evidence:
    said = {multiplies(name) for name in names} - {""}
    if others := sorted(said - {wanted}):
        return Evidence(False, f"emulated: {told}, which multiplies in {' and '.join(others)}")
    if said:
        return Evidence(True, f"native: {told}: {GPU_MEANING.get(wanted, f'the name says {wanted} tensor cores')}")
    return _unknown(told)


def _on_cpu(rule: CpuRule, names: tuple[str, ...], told: str, device: DeviceInfo) -> Evidence:
    missing = [choice for choice in rule.features if not set(choice.split("|")) & set(device.features)]
    if missing:
        without = missing[0].replace("|", " or ")
        return Evidence(False, f"emulated: {told}; the CPU has no {without} ({rule.meaning})")
    own = {name for name in names if re.search(rule.native, name, re.IGNORECASE)}
    if any(re.search(rule.emulated, name, re.IGNORECASE) for name in set(names) - own):
        return Evidence(False, f"emulated: {told}, which is the arithmetic of another format")
    return Evidence(True, f"native: {told}: {rule.meaning}") if own else _unknown(told)


def _unknown(told: str) -> Evidence:
    return Evidence(None, f"not known to be native: {told}, which does not tell")
