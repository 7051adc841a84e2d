"""Everything that is measured of a call that was found right: its time, and under which conditions it holds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from gpu_probe.bursts import burst_us, cooled
from gpu_probe.device import DeviceInfo
from gpu_probe.kernels.kernel import Prepared
from gpu_probe.sensors import Sampler, sampler_for
from gpu_probe.timing import SHORT_US, Timing, batch_timer, graph_timer, measure, sustained_us

GPUS = ("cuda", "rocm")
GRAPH_CALLS = 64
BatchTimer = Callable[[int, int], float]


def measured(prepared: Prepared, device: DeviceInfo, budget_s: float) -> dict[str, Any]:
    """The columns of a result that hold times: of a short run and, in `conditions`, what else bears on them.

    On a CPU: its threads. On a GPU: clocks, temperature, power and what slowed it during the run (gpu_probe.sensors),
    `burst_us` in the first milliseconds after a rest, `sustained_us` after a second without a pause, `zeros_us` with
    all operands zero, which switches fewer transistors than random data, and whether a CUDA graph launched the calls.
    Operands are zero afterwards.
    """
    batch_us = batch_timer(prepared.run, device.kind)
    if device.kind not in GPUS:
        conditions = {"threads": device.units} if device.kind == "cpu" else {}
        return {"conditions": conditions, **measure(batch_us, budget_s).__dict__}
    sensors = sampler_for(device)
    sampler = sensors if isinstance(sensors, Sampler) else None
    conditions: dict[str, Any] = {} if sampler else dict(sensors)  # ty: ignore[no-matching-overload]
    with sampler or nullcontext():
        timing = measure(batch_us, budget_s)
        if timing.p50_us < SHORT_US:
            batch_us, timing, conditions["launch"] = _by_graph(prepared, batch_us, timing, budget_s)
        conditions["sustained_us"] = sustained_us(batch_us, timing.p50_us)
    conditions["burst_us"] = burst_us(batch_us, timing.p50_us, cooled(sampler.read if sampler else None))
    if sampler:
        conditions |= sampler.conditions
    prepared.zero()
    conditions["zeros_us"] = measure(batch_us, budget_s / 4).p50_us
    return {"conditions": conditions, **timing.__dict__}


def _by_graph(prepared: Prepared, batch_us: BatchTimer, timing: Timing, budget_s: float) -> tuple:
    """Timer, timing and words of a CUDA graph, or those there are with the reason why its calls cannot be captured."""
    try:
        by_graph = graph_timer(prepared.run, max(GRAPH_CALLS, prepared.buffers))
        return by_graph, measure(by_graph, budget_s), "CUDA graph"
    except RuntimeError as problem:
        return batch_us, timing, f"one by one; a CUDA graph cannot hold these calls ({str(problem)[:120]})"
