"""The same cases on every node of a Ray cluster that is already there (RAY_ADDRESS), each GPU in turn.

Ray is optional and imported here only. The nodes need torch; this project's code is sent to them.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from gpu_probe.child import ROOT
from gpu_probe.kernels import get_kernels
from gpu_probe.lock import one_at_a_time
from gpu_probe.runner import Settings, find_devices, plan, run_cases
from gpu_probe.shapes import parse_shapes, why_too_big

ADDRESS = "RAY_ADDRESS"
SENT = ("gpu_probe", "analysis")
INSTALL = "pip install 'ray==2.60.0', or unset RAY_ADDRESS to probe this machine only"


def address() -> str | None:
    """The address of the cluster to probe, None when none is configured."""
    return os.environ.get(ADDRESS) or None


def probe_node(names: Sequence[str], shapes: str, timeout_s: float) -> list[dict[str, Any]]:
    """The rows, with `host`, of those kernels on every accelerator of this machine, or on its CPU when it has none.

    Raises Busy when a probe runs here already, RuntimeError when no device can be listed.
    """
    rows = []
    with one_at_a_time():
        found = find_devices()
        for device in [device for device in found if device.kind != "cpu"] or found:
            chosen = tuple(
                shape for shape in parse_shapes(shapes, device.kind) if not why_too_big(shape, device.memory_bytes)
            )
            cases = plan(get_kernels(names), chosen, device.kind)
            with closing(run_cases(cases, Settings(device=device.id, timeout_s=timeout_s))) as results:
                rows += [result.to_dict() | {"host": socket.gethostname()} for result in results]
    return rows


def probe_cluster(names: Sequence[str], shapes: str, timeout_s: float) -> Iterator[tuple[str, list[dict], str]]:
    """(node, rows, problem) of every living node, as each one ends; `problem` is empty where it went well.

    A node's task holds all of its GPUs, or one processor where it has none, so that nothing of Ray runs beside it.
    Raises RuntimeError when Ray is not installed or the cluster does not answer.
    """
    ray = _connected()
    try:
        tasks = {_start(ray, node, names, shapes, timeout_s): node["NodeName"] for node in ray.nodes() if node["Alive"]}
        while tasks:
            (ready, *_), _ = ray.wait(list(tasks), num_returns=1)
            name = tasks.pop(ready)
            try:
                yield name, ray.get(ready), ""
            except ray.exceptions.RayError as problem:
                yield name, [], f"{name}: {_last_line(problem)}"
    finally:
        ray.shutdown()


def _connected() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise RuntimeError(f"RAY_ADDRESS is {address()} and Ray is not installed; {INSTALL}") from None
    modules = [str(Path(ROOT) / name) for name in SENT]
    try:
        ray.init(address=address(), runtime_env={"py_modules": modules}, log_to_driver=False, logging_level="error")
    except (ConnectionError, RuntimeError, ValueError) as problem:
        raise RuntimeError(f"no Ray cluster answers at {address()}: {_last_line(problem)}") from None
    return ray


def _start(ray: Any, node: dict, names: Sequence[str], shapes: str, timeout_s: float) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    gpus = node["Resources"].get("GPU", 0)
    task = ray.remote(num_cpus=0 if gpus else 1, num_gpus=gpus, max_retries=0)(probe_node)
    here = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
    return task.options(scheduling_strategy=here).remote(list(names), shapes, timeout_s)


def _last_line(problem: BaseException) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[-1] if lines else type(problem).__name__
