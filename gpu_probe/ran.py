"""The names of what really ran in a call, as oneDNN, MKL and the GPU's profiler state them."""

from __future__ import annotations

import ctypes
import os
import re
import tempfile
from collections.abc import Callable

from gpu_probe.device import DeviceInfo


def names_of_what_runs(call: Callable[[], object], device: DeviceInfo) -> tuple[str, ...]:
    """Names of the implementations that one call used: oneDNN and MKL on a CPU, device kernels on a GPU."""
    if device.kind == "cpu":
        return _cpu_names(call)
    if device.kind in ("cuda", "rocm"):
        return _gpu_names(call)
    return ()


def parse_verbose(text: str) -> tuple[str, ...]:
    """Products named in the verbose output of oneDNN and MKL, without repeats, in order.

    'oneDNN matmul brg_matmul:avx512_core_bf16 (src:bf16 wei:bf16 dst:bf16)' or 'MKL SGEMM'. What only moves data
    (reorder) is left out.
    """
    found = []
    for line in text.splitlines():
        if match := re.match(r"onednn_verbose,.*?\bexec,cpu,(\w+),([^,]*),[^,]*,([^,]*)", line):
            primitive, implementation, memory = match.groups()
            types = " ".join(f"{side}:{dtype}" for side, dtype in re.findall(r"(src|wei|dst)[:_](\w+?)(?=:)", memory))
            if primitive != "reorder":
                found.append(" ".join(filter(None, ("oneDNN", primitive, implementation, f"({types})"))))
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
    on_device = torch.autograd.DeviceType.CUDA
    return tuple(dict.fromkeys(event.name for event in profiled.events() if event.device_type == on_device))
