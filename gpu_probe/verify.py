"""What can be proved about kernels without a GPU: numbers on the CPU, layouts, and how CUDA calls are made."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

from gpu_probe.check import check
from gpu_probe.child import ROOT
from gpu_probe.compiled import compiled_rows
from gpu_probe.device import DeviceInfo, find_devices
from gpu_probe.interpreted import INTERPRETED_LAYERS
from gpu_probe.kernels import KERNELS, Kernel
from gpu_probe.kernels.kernel import Place
from gpu_probe.recorded import recorded
from gpu_probe.shapes import Shape
from gpu_probe.verify_layout import layouts

LIMITS = (
    "verify proves numbers on the CPU, memory layouts, that torch accepts each CUDA call's shapes, strides and types, "
    "and that our own kernels compile to native instructions. It does not prove that they run on a GPU, nor any "
    "speed: only `run` on that GPU does."
)
# torch 2.13 sizes MXFP4 scales by the packed K when it only traces a call; real calls use the true K.
FAKE_MXFP4_COUNTS_PACKED_K = "for MX scaling scale_a must have"
LONGEST_SAID = 400
NO_TRITON = "Triton is not installed; pip install triton (3.7 or later) to compile our own kernels"
RAGGED = (Shape(17, 48, 128), Shape(33, 64, 256), Shape(130, 272, 384))
RAGGED_LAYERS = (Shape(128, 256, 384), Shape(384, 128, 256))  # every side is summed along, in whole steps
CONTRACT = Shape(256, 512, 1024)


def verify(archs: Sequence[str]) -> Iterator[dict]:
    """Rows {check, kernel, arch, status, detail}: OK, WRONG, FAILED, UNSUPPORTED or SKIPPED with its reason.

    Raises ValueError for an unknown architecture. Imports torch.
    """
    devices = {arch: recorded(arch) for arch in archs}
    for name, wrong in layouts():
        detail = wrong or "equal to the formula on every element tried"
        yield _row("layout", name, "any", "WRONG" if wrong else "OK", detail)
    cpu = find_devices()[-1]
    for kernel in KERNELS.values():
        if kernel.program is None or "cpu" in kernel.runs_on:
            yield from _numbers(kernel, cpu)
    yield from _interpreted([name for name, kernel in KERNELS.items() if kernel.program or name in INTERPRETED_LAYERS])
    calls: dict[str, tuple[str, str]] = {}
    for arch, device in devices.items():
        for kernel in KERNELS.values():
            if kernel.program is not None or kernel.phase:
                yield _row("compiled", kernel.name, arch, *_compiled(kernel, device))
            else:
                yield _row("contract", kernel.name, arch, *_contract(kernel, device, calls))


def _row(check: str, kernel: str, arch: str, status: str, detail: str) -> dict:
    return {"check": check, "kernel": kernel, "arch": arch, "status": status, "detail": detail}


def _numbers(kernel: Kernel, cpu: DeviceInfo) -> Iterator[dict]:
    if reason := kernel.why_not(cpu):
        yield _row("numbers", kernel.name, "cpu", "UNSUPPORTED", reason)
        return
    for seed, ragged in enumerate(RAGGED_LAYERS if kernel.phase else RAGGED):
        shape = ragged if kernel.multiplies else ragged._replace(n=1)
        if reason := kernel.why_not_shape(shape, cpu.kind):
            yield _row("numbers", kernel.name, "cpu", "UNSUPPORTED", f"{shape}: {reason}")
            continue
        try:
            prepared = kernel.prepare(shape, cpu, seed)
            prepared.poison()
            found = check(kernel, shape, prepared.operands, prepared.run(0), cpu.kind, seed)
        except Exception as problem:  # any error of a kernel is that kernel's finding
            yield _row("numbers", kernel.name, "cpu", "FAILED", f"{shape}: {_said(problem)}")
            continue
        detail = found.failure or f"relative error {found.relative_error:.2g} in {found.checked} elements"
        yield _row("numbers", kernel.name, "cpu", "WRONG" if found.failure else "OK", f"{shape}: {detail}")


def _interpreted(names: list[str]) -> Iterator[dict]:
    """What Triton's interpreter makes of our own kernels, in the process of its own that it needs."""
    if importlib.util.find_spec("triton") is None:
        for name in names:
            yield _row("interpreted", name, "any", "SKIPPED", NO_TRITON)
        return
    command = [sys.executable, "-m", "gpu_probe.interpreted", *names]
    environment = os.environ | {"TRITON_INTERPRET": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    told = {row["kernel"]: row for row in map(json.loads, done.stdout.splitlines())}
    for name in names:
        row = told.get(name, {"status": "FAILED", "detail": f"the interpreter ended: {done.stderr[-LONGEST_SAID:]}"})
        yield _row("interpreted", name, "any", row["status"], row["detail"])


def _compiled(kernel: Kernel, device: DeviceInfo) -> tuple[str, str]:
    """Status and detail of one of our own kernels compiled for the device."""
    if reason := kernel.why_not(device):
        return "UNSUPPORTED", reason
    if importlib.util.find_spec("triton") is None:
        return "SKIPPED", NO_TRITON
    try:
        return compiled_rows(kernel, device)
    except Exception as problem:  # the compiler's refusal is the finding
        return "FAILED", _said(problem)


def _contract(kernel: Kernel, device: DeviceInfo, calls: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """Status and detail of the kernel's call on the device; what one call found holds for all of that kind.

    `calls` keeps it by kernel: tensors without memory have no compute capability, so it is the same on each.
    """
    if reason := kernel.why_not(device):
        return "UNSUPPORTED", reason
    if device.kind != "cuda":
        return "SKIPPED", f"torch checks calls without a device for NVIDIA only, {device.name} is not"
    if kernel.is_copy:
        return "SKIPPED", "a copy has no call contract to check"
    if kernel.name.endswith("_sparse"):
        return "SKIPPED", "torch's tracer does not know how cuSPARSELt packs weights"
    if kernel.name not in calls:
        calls[kernel.name] = _call(kernel, device)
    return calls[kernel.name]


def _call(kernel: Kernel, device: DeviceInfo) -> tuple[str, str]:
    """Status and detail of one call made with tensors that have everything but data.

    Operands are made on the CPU as they would be for the device, mirrored as CUDA tensors without memory,
    and passed to the same code that calls the library on a GPU.
    """
    try:
        result = _fake_call(kernel, device)
    except Exception as problem:  # the library's refusal is the finding
        said = _said(problem)
        if kernel.format == "mxfp4" and FAKE_MXFP4_COUNTS_PACKED_K in said:
            return "SKIPPED", f"torch's tracer sizes MXFP4 scales by the packed K: {said}"
        return "FAILED", said
    size, dtype = kernel.result(CONTRACT)
    if (tuple(result.shape), str(result.dtype)) != (size, f"torch.{dtype}"):
        return "WRONG", f"the call returns {tuple(result.shape)} {result.dtype}, expected {size} torch.{dtype}"
    return "OK", f"torch accepts the call for {CONTRACT} and returns {result.dtype}"


def _said(problem: Exception) -> str:
    return f"{type(problem).__name__}: {' '.join(str(problem).split())[:LONGEST_SAID]}"


def _fake_call(kernel: Kernel, device: DeviceInfo):
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    tensors = kernel.operands(CONTRACT, Place("cpu", device.kind), 0).tensors
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    told = logger.level
    logger.setLevel(logging.CRITICAL)  # a refusal is reported by us, not as a traceback on stderr
    try:
        with FakeTensorMode():
            mirrored = tuple(_mirror(tensor) for tensor in tensors)
            packed = kernel.pack(device.kind, mirrored) if kernel.pack else mirrored
            size, dtype = (CONTRACT.m, CONTRACT.n), getattr(torch, kernel.output)
            out = torch.empty(size, dtype=dtype, device="cuda") if kernel.writes_out else None
            return kernel.launch(device.kind, packed, out)
    finally:
        logger.setLevel(told)


def _mirror(tensor):
    import torch

    return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype, device="cuda")
