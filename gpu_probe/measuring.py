"""Everything that is measured of a call that was found right: its time, and under which conditions it holds."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from gpu_probe.device import DeviceInfo
from gpu_probe.kernels.kernel import Prepared
from gpu_probe.sensors import Sampler, sampler_for
from gpu_probe.timing import SHORT_US, Timing, batch_timer, graph_timer, measure, sustained_us

GPUS = ("cuda", "rocm")
GRAPH_CALLS = 64


def measured(prepared: Prepared, device: DeviceInfo, budget_s: float) -> dict[str, Any]:
    """The columns of a result that hold times: of a short run and, in `conditions`, what else bears on them.

    On a GPU: clocks, temperature, power and what slowed it during the run (gpu_probe.sensors), `sustained_us` after a
    second without a pause, `zeros_us` with all operands zero, which switches fewer transistors than random data, and
    whether a CUDA graph launched the calls. Operands are zero afterwards.
    """
    batch_us = batch_timer(prepared.run, device.kind)
    sensors = sampler_for(device)
    sampler = sensors if isinstance(sensors, Sampler) else None
    conditions: dict[str, Any] = {} if sampler else dict(sensors)  # ty: ignore[no-matching-overload]
    with sampler or nullcontext():
        timing = measure(batch_us, budget_s)
        if device.kind in GPUS and timing.p50_us < SHORT_US:
            timing, conditions["launch"] = _by_graph(prepared, timing, budget_s)
        if device.kind in GPUS:
            conditions["sustained_us"] = sustained_us(batch_us, timing.p50_us)
    if sampler:
        conditions |= sampler.conditions
    if device.kind in GPUS:
        prepared.zero()
        conditions["zeros_us"] = measure(batch_us, budget_s / 4).p50_us
    return {"conditions": conditions, **timing.__dict__}


def _by_graph(prepared: Prepared, timing: Timing, budget_s: float) -> tuple[Timing, str]:
    """The timing by a CUDA graph, or the one there is with the reason why its calls cannot be captured."""
    try:
        batch_us = graph_timer(prepared.run, max(GRAPH_CALLS, prepared.buffers))
        return measure(batch_us, budget_s), "CUDA graph"
    except RuntimeError as problem:
        return timing, f"one by one; a CUDA graph cannot hold these calls ({str(problem)[:120]})"
