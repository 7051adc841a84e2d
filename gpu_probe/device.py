"""What a device is: facts that decide which kernels can run and that every result row carries."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

KIND_WORDS = {"cpu": "a CPU", "cuda": "an NVIDIA GPU", "rocm": "an AMD GPU", "mps": "an Apple GPU"}


@dataclass(frozen=True)
class DeviceInfo:
    """One device: `id` is torch's name for it, `name` is the vendor's, sizes in bytes."""

    id: str
    kind: str
    name: str
    capability: str
    memory_bytes: int
    cache_bytes: int
    units: int
    features: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def cuda_capability(self) -> tuple[int, int]:
        """NVIDIA compute capability as numbers, (0, 0) elsewhere."""
        if self.kind != "cuda":
            return (0, 0)
        major, _, minor = self.capability.partition(".")
        return int(major), int(minor or 0)

    @property
    def words(self) -> str:
        """The device as a sentence names it: 'NVIDIA L4 (compute capability 8.9)'."""
        if self.kind == "cuda":
            return f"{self.name} (compute capability {self.capability})"
        return f"{self.name} ({self.capability})" if self.capability else self.name

    def to_dict(self) -> dict:
        """The device as plain JSON types."""
        return asdict(self) | {"features": list(self.features), "versions": dict(self.versions)}

    @classmethod
    def from_dict(cls, row: Mapping) -> DeviceInfo:
        """The device that `to_dict` wrote."""
        facts: dict[str, Any] = {**row, "features": tuple(row["features"])}
        return cls(**facts)


def find_devices() -> list[DeviceInfo]:
    """Every device torch can use, accelerators first, the CPU last. Imports torch: call it in a child process."""
    import torch

    versions = _versions(torch)
    features = _torch_features(torch)
    found = []
    if torch.cuda.is_available():
        found += [_gpu(torch, index, versions, features) for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append(_mps(torch, versions, features))
    return [*found, _cpu(torch, versions, features)]


def _versions(torch) -> dict[str, str]:
    known = {"torch": torch.__version__, "python": platform.python_version(), "os": platform.platform()}
    optional = {"cuda": torch.version.cuda, "hip": torch.version.hip, "triton": _triton(), "driver": _driver()}
    return known | {name: version for name, version in optional.items() if version}


def _triton() -> str | None:
    names = ("triton", "pytorch-triton", "pytorch-triton-rocm", "triton-rocm")
    if importlib.util.find_spec("triton") is None:
        return None
    for name in names:
        with suppress(PackageNotFoundError):
            return version(name)
    return "of unknown version"


def _driver() -> str | None:
    stated = Path("/proc/driver/nvidia/version")
    if stated.exists():
        words = stated.read_text(errors="replace").split()
        return next((word for word in words if word[0].isdigit() and "." in word), None)
    amd = Path("/sys/module/amdgpu/version")
    return amd.read_text().strip() if amd.exists() else None


def _torch_features(torch) -> tuple[str, ...]:
    operations = {
        "scaled_mm": hasattr(torch.nn.functional, "scaled_mm"),
        "int_mm": hasattr(torch, "_int_mm"),
        "int4pack_mm": hasattr(torch.ops.aten, "_weight_int4pack_mm"),
        "int4pack_mm_for_cpu": hasattr(torch.ops.aten, "_weight_int4pack_mm_for_cpu"),
        "int8pack_mm": hasattr(torch.ops.aten, "_weight_int8pack_mm"),
        "cusparselt": torch.backends.cusparselt.is_available(),
        "triton": _triton() is not None,
    }
    return tuple(name for name, there in operations.items() if there)


def _gpu(torch, index: int, versions: dict[str, str], features: tuple[str, ...]) -> DeviceInfo:
    facts = torch.cuda.get_device_properties(index)
    rocm = torch.version.hip is not None
    capability = facts.gcnArchName.split(":")[0] if rocm else f"{facts.major}.{facts.minor}"
    return DeviceInfo(
        id=f"cuda:{index}",
        kind="rocm" if rocm else "cuda",
        name=facts.name,
        capability=capability,
        memory_bytes=facts.total_memory,
        cache_bytes=facts.L2_cache_size,
        units=facts.multi_processor_count,
        features=features,
        versions=versions,
    )


def _mps(torch, versions: dict[str, str], features: tuple[str, ...]) -> DeviceInfo:
    memory = int(torch.mps.recommended_max_memory())
    return DeviceInfo("mps", "mps", _cpu_name(), "", memory, 0, 0, features, versions)


def _cpu(torch, versions: dict[str, str], features: tuple[str, ...]) -> DeviceInfo:
    flags = _cpu_flags()
    return DeviceInfo(
        id="cpu",
        kind="cpu",
        name=_cpu_name(),
        capability=torch.backends.cpu.get_cpu_capability(),
        memory_bytes=_free_memory_bytes(),
        cache_bytes=_cpu_cache_bytes(),
        units=torch.get_num_threads(),
        features=(*features, *flags),
        versions=versions,
    )


# Flags under which a CPU multiplies in a low-precision format itself, in the spelling of Linux.
_ARITHMETIC_FLAGS = (
    "avx2", "avx512f", "avx512_bf16", "avx512_fp16", "avx512_vnni", "avx_vnni", "avx10_2",
    "amx_tile", "amx_bf16", "amx_int8", "amx_fp16", "amx_fp8", "bf16", "i8mm", "asimddp", "asimdhp",
)  # fmt: skip
_APPLE_FLAGS = {"FEAT_BF16": "bf16", "FEAT_I8MM": "i8mm", "FEAT_DotProd": "asimddp", "FEAT_FP16": "asimdhp"}
# Where a container is told its memory; the second is how older kernels say it. "max" is no limit.
_CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def _cpu_facts() -> dict[str, str]:
    listing = Path("/proc/cpuinfo")
    if not listing.exists():
        return {}
    first = listing.read_text(errors="replace").split("\n\n")[0]
    pairs = (line.split(":", 1) for line in first.splitlines() if ":" in line)
    return {key.strip().lower(): value.strip() for key, value in pairs}


def _cpu_flags() -> tuple[str, ...]:
    facts = _cpu_facts()
    flags = set((facts.get("flags") or facts.get("features") or "").split())
    if platform.system() == "Darwin":
        flags = apple_flags(_sysctl("hw.optional.arm"))
    return tuple(flag for flag in _ARITHMETIC_FLAGS if flag in flags)


def apple_flags(text: str) -> set[str]:
    """The flags, in the spelling of Linux, of lines such as 'hw.optional.arm.FEAT_BF16: 1'."""
    stated = (line.rpartition(".")[2].partition(":") for line in text.splitlines())
    return {_APPLE_FLAGS[name] for name, _, value in stated if name in _APPLE_FLAGS and value.strip() == "1"}


def _sysctl(*asked: str) -> str:
    return subprocess.run(["sysctl", *asked], capture_output=True, text=True, check=False).stdout.strip()


def _cpu_name() -> str:
    named = _cpu_facts().get("model name")
    if named is None and platform.system() == "Darwin":
        named = _sysctl("-n", "machdep.cpu.brand_string")
    return named or platform.processor() or platform.machine() or "CPU"


def _free_memory_bytes() -> int:
    stated = [path.read_text().strip() for path in _CONTAINER_LIMITS if path.exists()]
    return min([_machine_memory_bytes(), *(int(limit) for limit in stated if limit.isdigit())])


def _machine_memory_bytes() -> int:
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _cpu_cache_bytes() -> int:
    levels = Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")
    sizes = [int(text[:-1]) * 1024 for text in (path.read_text().strip() for path in levels) if text[-1:] == "K"]
    return max(sizes, default=0)
