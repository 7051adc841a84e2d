"""What the probe's tests share: the CPU as a device, a lock of their own, kernels that misbehave."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from gpu_probe.device import DeviceInfo, find_devices
from gpu_probe.events import Case
from gpu_probe.runner import Settings
from gpu_probe.shapes import Shape

SMALL = Shape(8, 16, 32)


@pytest.fixture(scope="session")
def cpu() -> DeviceInfo:
    """This machine's CPU."""
    return find_devices()[-1]


@pytest.fixture(autouse=True)
def own_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of this test's probe lock, so that a real probe on this machine and a test do not meet."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def misbehaving(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A maker of (cases, settings) of test-only kernels by name; their workers load torch only when one multiplies."""
    monkeypatch.setenv("PROBE_TEST_WITHOUT_TORCH", "1")
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "kernels_for_tests"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "kernels_for_tests"))
    monkeypatch.setenv("PROBE_TEST_GRANDCHILD_PID", str(tmp_path / "grandchild"))

    def make(*names: str, timeout_s: float = 60.0) -> tuple[list[Case], Settings]:
        settings = Settings(
            timeout_s=timeout_s,
            budget_s=0.01,
            seed=1,
            kernel_modules=("misbehaving",),
        )
        return [Case(name, SMALL) for name in names], settings

    return make
