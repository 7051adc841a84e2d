"""The child process: touches the device, checks, times, and says each step as a JSON line on its stdout.

Whatever a library prints goes to stderr; when the parent dies, so does this process.
"""

from __future__ import annotations

import argparse
import importlib
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from gpu_probe.check import check, why_unchecked
from gpu_probe.device import DeviceInfo, find_devices
from gpu_probe.events import POISONED, Case, Order, event_line
from gpu_probe.kernels import KERNELS, Kernel
from gpu_probe.kernels.kernel import Prepared
from gpu_probe.measuring import measured
from gpu_probe.native import Evidence, judge
from gpu_probe.native_code import judge_code
from gpu_probe.ran import names_of_what_runs
from gpu_probe.result import ProbeResult, Status, about
from gpu_probe.shapes import why_too_big

LONGEST_DETAIL = 600
REFUSALS = ("STATUS_NOT_SUPPORTED", "is not supported", "not implemented for")
Say = Callable[..., None]


def main(arguments: list[str] | None = None) -> int:
    """Exit code of the worker: --describe lists the devices, otherwise an order is read from stdin and run."""
    parser = argparse.ArgumentParser(prog="python -m gpu_probe.worker")
    parser.add_argument("--describe", action="store_true", help="list devices and end")
    asked = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    say = _private_stdout()
    if asked.describe:
        say("devices", devices=[device.to_dict() for device in find_devices()])
        return 0
    order = Order.from_json(sys.stdin.readline())
    threading.Thread(target=_die_with_parent, daemon=True).start()
    return run_order(order, say)


def run_order(order: Order, say: Say) -> int:
    """Runs every case of an order in turn; POISONED when a device error made this process unfit for the rest."""
    kernels = KERNELS | _extra_kernels(order.kernel_modules)
    if order.threads:
        import torch

        torch.set_num_threads(order.threads)
    device = next((found for found in find_devices() if found.id == order.device), None)
    if device is None:
        say("refused", detail=f"there is no device '{order.device}' here; see python -m gpu_probe devices")
        return 2
    say("start", device=device.to_dict())
    for case in order.cases:
        say("case", phase="checking")
        row = run_case(kernels[case.kernel], case, device, order, lambda: say("case", phase="timing"))
        say("row", row=row.to_dict())
        if row.status is Status.FAILED and device.kind in ("cuda", "rocm"):
            return POISONED
    return 0


def run_case(
    kernel: Kernel, case: Case, device: DeviceInfo, order: Order, on_timing: Callable[[], None]
) -> ProbeResult:
    """The result of one case, whatever happens short of the death of the process."""
    seed = order.seed + hash_of(case)
    try:
        facts = _measured(kernel, case, device, order.budget_s, seed, on_timing)
    except Exception as problem:  # any error of a kernel is that kernel's result
        facts = _refusal_or_failure(problem)
    return ProbeResult(kernel.name, kernel.format, *case.shape, seed=seed, **about(device), **facts)


def hash_of(case: Case) -> int:
    """A small number of the case that is the same in every process."""
    return sum(ord(letter) * (place + 1) for place, letter in enumerate(f"{case.kernel}{case.shape}"))


def _measured(
    kernel: Kernel, case: Case, device: DeviceInfo, budget_s: float, seed: int, on_timing: Callable[[], None]
) -> dict[str, Any]:
    if why_not := _why_not(kernel, case, device):
        return {"status": Status.UNSUPPORTED, "detail": why_not}
    prepared = kernel.prepare(case.shape, device, seed)
    prepared.run(0)  # first call: libraries load and choose
    prepared.poison()
    verdict = check(kernel, case.shape, prepared.operands, prepared.run(0), device.kind, seed)
    if verdict.failure:
        return {"status": Status.WRONG, "detail": verdict.failure}
    evidence = _evidence(kernel, prepared, device)
    on_timing()
    return {
        "status": Status.OK,
        "detail": evidence.sentence[:LONGEST_DETAIL],
        "native": evidence.native,
        "relative_error": verdict.relative_error,
        "buffers": prepared.buffers,
        **measured(prepared, device, budget_s),
    }


def _evidence(kernel: Kernel, prepared: Prepared, device: DeviceInfo) -> Evidence:
    if prepared.code is not None:
        return judge_code(kernel, prepared.code())
    if kernel.ran is not None:
        return judge(kernel, kernel.ran(), device)
    try:
        return judge(kernel, names_of_what_runs(lambda: prepared.run(0), device), device)
    except RuntimeError as problem:  # a profiler may be forbidden or missing; the time is still good
        return Evidence(None, f"not known to be native: what ran cannot be named ({problem})")


def _why_not(kernel: Kernel, case: Case, device: DeviceInfo) -> str | None:
    return (
        kernel.why_not(device)
        or kernel.why_not_shape(case.shape, device.kind)
        or why_too_big(case.shape, device.memory_bytes)
        or why_unchecked(kernel, case.shape, device.kind)
    )


def _refusal_or_failure(problem: Exception) -> dict[str, Any]:
    text = " ".join(str(problem).split())[:LONGEST_DETAIL]
    refused = isinstance(problem, NotImplementedError) or any(word in text for word in REFUSALS)
    status = Status.UNSUPPORTED if refused else Status.FAILED
    return {"status": status, "detail": f"{type(problem).__name__}: {text}"}


def _extra_kernels(modules: tuple[str, ...]) -> dict[str, Kernel]:
    loaded = [importlib.import_module(name) for name in modules]
    return {kernel.name: kernel for module in loaded for kernel in module.KERNELS}


def _private_stdout() -> Say:
    """A `say` that owns the pipe to the parent; file descriptor 1 becomes stderr for everybody else."""
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(name: str, **facts) -> None:
        pipe.write(event_line(name, **facts) + "\n")
        pipe.flush()

    return say


def _die_with_parent() -> None:
    while os.read(0, 4096):
        continue
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
