"""Devices written down from datasheets, to ask `why_not` and call contracts of a GPU that is not here."""

from __future__ import annotations

from gpu_probe.device import DeviceInfo

_TORCH = ("scaled_mm", "int_mm", "int4pack_mm", "int4pack_mm_for_cpu", "int8pack_mm", "cusparselt", "triton")


def _nvidia(name: str, capability: str, memory_gb: int, cache_mb: int, units: int) -> DeviceInfo:
    return DeviceInfo("cuda:0", "cuda", name, capability, memory_gb * 10**9, cache_mb * 2**20, units, _TORCH)


def _amd(name: str, capability: str, memory_gb: int, units: int) -> DeviceInfo:
    return DeviceInfo("cuda:0", "rocm", name, capability, memory_gb * 10**9, 4 * 2**20, units, _TORCH)


def _cpu(name: str, capability: str, *flags: str) -> DeviceInfo:
    return DeviceInfo("cpu", "cpu", name, capability, 16 * 10**9, 16 * 2**20, 4, (*_TORCH, *flags))


_AVX512 = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni")
_AMX = (*_AVX512, "avx512_fp16", "avx_vnni", "amx_tile", "amx_bf16", "amx_int8")


# One device of each kind that a kernel's rule tells apart; GPUs are named as torch reports them.
RECORDED = {
    "sm_75": _nvidia("Tesla T4", "7.5", 16, 4, 40),
    "sm_80": _nvidia("NVIDIA A100-SXM4-80GB", "8.0", 80, 40, 108),
    "sm_86": _nvidia("NVIDIA GeForce RTX 3090", "8.6", 24, 6, 82),
    "sm_89": _nvidia("NVIDIA L4", "8.9", 24, 48, 58),
    "sm_90": _nvidia("NVIDIA H100 80GB HBM3", "9.0", 80, 50, 132),
    "sm_100": _nvidia("NVIDIA B200", "10.0", 180, 126, 148),
    "sm_103": _nvidia("NVIDIA B300 SXM6 AC", "10.3", 288, 126, 148),
    "sm_110": _nvidia("NVIDIA Thor", "11.0", 128, 32, 20),
    "sm_120": _nvidia("NVIDIA GeForce RTX 5090", "12.0", 32, 96, 170),
    "gfx90a": _amd("AMD Instinct MI250X", "gfx90a", 64, 110),
    "gfx942": _amd("AMD Instinct MI300X", "gfx942", 192, 304),
    "gfx950": _amd("AMD Instinct MI355X", "gfx950", 288, 256),
    "gfx1201": _amd("AMD Radeon RX 9070 XT", "gfx1201", 16, 64),
    "mps": DeviceInfo("mps", "mps", "Apple M3 Max", "", 48 * 10**9, 0, 40, _TORCH),
    "cpu": _cpu("Intel(R) Core(TM) i7-8700", "AVX2", "avx2"),
    "cpu_avx512": _cpu("AMD EPYC 9755", "AVX512", *_AVX512, "avx_vnni"),
    "cpu_amx": _cpu("Intel(R) Xeon(R) Platinum 8480+", "AVX512", *_AMX),
    "cpu_arm": _cpu("Neoverse-V2", "SVE256", "bf16", "i8mm", "asimddp", "asimdhp"),
}


def recorded(arch: str) -> DeviceInfo:
    """The written-down device of an architecture such as sm_90; ValueError names those there are."""
    if arch in RECORDED:
        return RECORDED[arch]
    raise ValueError(f"unknown architecture '{arch}'; known: {', '.join(RECORDED)}")
