"""Every kernel on this machine's first GPU, checked and timed; without one each test says why it cannot run."""

from __future__ import annotations

import pytest

from gpu_probe.device import DeviceInfo, find_devices
from gpu_probe.events import Case
from gpu_probe.kernels import KERNELS
from gpu_probe.result import Status
from gpu_probe.runner import Settings, run_cases
from gpu_probe.shapes import Shape

pytestmark = pytest.mark.gpu
MANY, ONE, NUMBERS = Shape(256, 512, 1024), Shape(1, 512, 1024), Shape(256, 1, 1024)


@pytest.fixture(scope="module")
def device() -> DeviceInfo:
    """The first device that is no CPU, or the CPU where there is none: each kernel then gives its own reason."""
    return find_devices()[0]


@pytest.mark.parametrize("name", [name for name, kernel in KERNELS.items() if set(kernel.runs_on) - {"cpu", "mps"}])
def test_a_kernel_is_right_on_this_gpu_and_tells_what_ran(name, device):
    kernel = KERNELS[name]
    if device.kind == "cpu":
        rules = [kind for kind in kernel.runs_on if kind != "cpu"]
        pytest.skip(kernel.why_not(device) or f"{name} is tested here on {' or '.join(rules)}; this machine has none")
    if reason := kernel.why_not(device):
        pytest.skip(reason)
    shape = NUMBERS if not kernel.multiplies else ONE if name.startswith("gemv") else MANY
    (result,) = run_cases([Case(name, shape)], Settings(device=device.id, budget_s=0.2))
    print(result.to_json())
    assert result.status is Status.OK, result.detail
    assert result.detail
    assert min(result.conditions[name] for name in ("burst_us", "sustained_us", "zeros_us")) > 0
