"""What really ran: names taken from the libraries themselves, and what they say about the hardware used."""

from __future__ import annotations

import ctypes
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gpu_probe.device import DeviceInfo
from gpu_probe.kernels.kernel import NativeRule

ONEDNN_ISA_FIELD = 6
LONGEST_NAME = 160  # of a device kernel in a sentence; the verdict reads the whole name


@dataclass(frozen=True)
class Evidence:
    """True, False or None (not known) with the sentence that says why."""

    native: bool | None
    sentence: str


def judge(rule: NativeRule | None, ran: Iterable[str], device: DeviceInfo) -> Evidence:
    """The verdict of a kernel's rule on the names of what ran on the device."""
    names = tuple(dict.fromkeys(ran))
    shown = ", ".join(name[:LONGEST_NAME] for name in names)
    told = f"ran {shown}" if names else "no library named what ran"
    if rule is None:
        return Evidence(None, told)
    text = "\n".join(names)
    missing = [choice for choice in rule.features if not set(choice.split("|")) & set(device.features)]
    if missing:
        without = missing[0].replace("|", " or ")
        return Evidence(False, f"emulated: {told}; the CPU has no {without} ({rule.meaning})")
    if re.search(rule.emulated, text, re.IGNORECASE) and not re.search(rule.native, text, re.IGNORECASE):
        return Evidence(False, f"emulated: {told}, which is the arithmetic of another format")
    if re.search(rule.native, text, re.IGNORECASE):
        return Evidence(True, f"native: {told}: {rule.meaning}")
    return Evidence(None, f"not known to be native: {told}, which does not tell")


def names_of_what_runs(call: Callable[[], object], device: DeviceInfo) -> tuple[str, ...]:
    """Names of the implementations that one call used: oneDNN and MKL on a CPU, device kernels on a GPU."""
    if device.kind == "cpu":
        return _cpu_names(call)
    if device.kind in ("cuda", "rocm"):
        return _gpu_names(call)
    call()
    return ()


def parse_verbose(text: str) -> tuple[str, ...]:
    """Implementations named in the verbose output of oneDNN and MKL, without repeats, in order.

    'oneDNN matmul brg_matmul:avx512_core_bf16 (src:bf16 wei:bf16 dst:bf16)' or 'MKL SGEMM'.
    """
    found = []
    for line in text.splitlines():
        fields = line.split(",")
        if line.startswith("onednn_verbose") and ",exec,cpu," in line and len(fields) > ONEDNN_ISA_FIELD + 2:
            start = fields.index("cpu") + 1
            dtypes = re.findall(r"(src|wei|dst)[:_](\w+?)(?=:)", fields[start + 3])
            types = " ".join(f"{operand}:{dtype}" for operand, dtype in dtypes)
            found.append(f"oneDNN {fields[start]} {fields[start + 1]} ({types})".replace("  ", " "))
        elif match := re.match(r"MKL_VERBOSE (\w+)\(", line):
            found.append(f"MKL {match[1]}")
    return tuple(dict.fromkeys(found))


def _cpu_names(call: Callable[[], object]) -> tuple[str, ...]:
    import torch
    from torch.backends import mkl, mkldnn

    libc = ctypes.CDLL(None)
    with tempfile.TemporaryFile() as spool:
        libc.fflush(None)
        saved = os.dup(1)
        os.dup2(spool.fileno(), 1)
        try:
            with mkldnn.verbose(mkldnn.VERBOSE_ON), mkl.verbose(mkl.VERBOSE_ON):
                call()
        finally:
            libc.fflush(None)
            os.dup2(saved, 1)
            os.close(saved)
        spool.seek(0)
        named = parse_verbose(spool.read().decode(errors="replace"))
    return named or (f"torch's own kernel, CPU dispatch {torch.backends.cpu.get_cpu_capability()}",)


def _gpu_names(call: Callable[[], object]) -> tuple[str, ...]:
    import torch
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        call()
        torch.cuda.synchronize()
    device_types = (torch.autograd.DeviceType.CUDA,)
    events = [event for event in profiled.events() if event.device_type in device_types]
    return tuple(dict.fromkeys(event.name for event in events if "mem" not in event.name.lower()[:3]))
