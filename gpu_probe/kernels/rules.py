"""Rules about devices that kernels share: each returns why a device cannot run a kernel, or None."""

from __future__ import annotations

from gpu_probe.device import DeviceInfo
from gpu_probe.kernels.kernel import Rule

# AMD architectures for which our kernels that need no tensor core of their own are compiled and fit.
TRITON_AMD = ("gfx90a", "gfx942", "gfx950", "gfx1201")


def anywhere(device: DeviceInfo) -> None:
    """No objection to any device of the kind."""


def both(*rules: Rule) -> Rule:
    """The first objection of several rules."""

    def rule(device: DeviceInfo) -> str | None:
        return next((sentence for one in rules if (sentence := one(device))), None)

    return rule


def capability_from(major: int, minor: int, what: str) -> Rule:
    """NVIDIA compute capability of at least that, because `what` starts there."""

    def rule(device: DeviceInfo) -> str | None:
        if device.cuda_capability >= (major, minor):
            return None
        return f"{what} from compute capability {major}.{minor}; {device.name} has {device.capability}"

    return rule


def capability_major(majors: tuple[int, ...], what: str) -> Rule:
    """One of the listed major compute capabilities, because only those have `what`."""

    def rule(device: DeviceInfo) -> str | None:
        if device.cuda_capability[0] in majors:
            return None
        listed = " or ".join(f"{major}.x" for major in majors)
        return f"{what} with compute capability {listed}; {device.name} has {device.capability}"

    return rule


def amd_architecture(names: tuple[str, ...], what: str) -> Rule:
    """One of the listed AMD architectures, because only those have `what`."""

    def rule(device: DeviceInfo) -> str | None:
        if device.capability in names:
            return None
        return f"{what} on {' or '.join(names)}; {device.name} is {device.capability}"

    return rule


def torch_has(feature: str, operation: str) -> Rule:
    """The installed torch offers an operation (names as in device.py)."""

    def rule(device: DeviceInfo) -> str | None:
        if feature in device.features:
            return None
        return f"torch {device.versions.get('torch', 'here')} has no {operation}; install torch 2.13"

    return rule


def triton_here(device: DeviceInfo) -> str | None:
    """Triton is installed beside torch, which brings it with its wheels for GPUs."""
    if "triton" in device.features:
        return None
    return f"Triton is not installed beside torch; pip install triton (3.7 or later) to compile for {device.name}"


def decomposes_nvfp4(device: DeviceInfo) -> str | None:
    """Where no FP4 hardware is, a Triton that can decompose NVFP4: 3.7 ends its process instead."""
    triton = device.versions.get("triton", "")
    if device.cuda_capability >= (10, 0) or not triton.startswith("3.7."):
        return None
    return f"Triton {triton} cannot decompose NVFP4 for {device.name}; install Triton 3.8 or later"
