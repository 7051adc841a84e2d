"""Devices written down from datasheets, to ask `why_not` and call contracts of a GPU that is not here."""

from __future__ import annotations

from gpu_probe.device import DeviceInfo

_TORCH = ("scaled_mm", "int_mm", "int4pack_mm", "int4pack_mm_for_cpu")


def _nvidia(name: str, capability: str, memory_gb: int, cache_mb: int, units: int) -> DeviceInfo:
    return DeviceInfo("cuda:0", "cuda", name, capability, memory_gb * 10**9, cache_mb * 2**20, units, _TORCH)


def _amd(name: str, capability: str, memory_gb: int, units: int) -> DeviceInfo:
    return DeviceInfo("cuda:0", "rocm", name, capability, memory_gb * 10**9, 4 * 2**20, units, _TORCH)


# One device of each architecture that a kernel's rule tells apart; names as torch reports them.
RECORDED = {
    "sm_75": _nvidia("Tesla T4", "7.5", 16, 4, 40),
    "sm_80": _nvidia("NVIDIA A100-SXM4-80GB", "8.0", 80, 40, 108),
    "sm_86": _nvidia("NVIDIA GeForce RTX 3090", "8.6", 24, 6, 82),
    "sm_89": _nvidia("NVIDIA L4", "8.9", 24, 48, 58),
    "sm_90": _nvidia("NVIDIA H100 80GB HBM3", "9.0", 80, 50, 132),
    "sm_100": _nvidia("NVIDIA B200", "10.0", 180, 126, 148),
    "sm_103": _nvidia("NVIDIA B300 SXM6 AC", "10.3", 288, 126, 148),
    "sm_120": _nvidia("NVIDIA GeForce RTX 5090", "12.0", 32, 96, 170),
    "gfx942": _amd("AMD Instinct MI300X", "gfx942", 192, 304),
    "gfx950": _amd("AMD Instinct MI355X", "gfx950", 288, 256),
    "mps": DeviceInfo("mps", "mps", "Apple M3 Max", "", 48 * 10**9, 0, 40, _TORCH),
    "cpu": DeviceInfo("cpu", "cpu", "a CPU without AVX-512", "AVX2", 16 * 10**9, 16 * 2**20, 4, (*_TORCH, "avx2")),
}


def recorded(arch: str) -> DeviceInfo:
    """The written-down device of an architecture such as sm_90; ValueError names those there are."""
    if arch in RECORDED:
        return RECORDED[arch]
    raise ValueError(f"unknown architecture '{arch}'; known: {', '.join(RECORDED)}")
