"""What this machine says of itself, read with torch and with the system's own files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from gpu_probe import device as device_module
from gpu_probe.device import DeviceInfo, apple_flags
from gpu_probe.kernels.kernel import exact
from gpu_probe.recorded import recorded
from gpu_probe.runner import find_devices


@pytest.fixture(scope="module")
def found() -> list[DeviceInfo]:
    """The devices as a child process lists them."""
    return find_devices()


def test_the_cpu_is_the_last_device_and_says_what_it_is(found):
    cpu = found[-1]
    assert (cpu.id, cpu.kind) == ("cpu", "cpu")
    assert cpu.name
    assert cpu.units >= 1
    assert 10**8 < cpu.memory_bytes <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert cpu.versions["torch"] == torch.__version__
    assert {"scaled_mm", "int_mm", "int4pack_mm_for_cpu"} <= set(cpu.features)


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="only Linux lists CPU flags in /proc/cpuinfo")
def test_instruction_flags_are_those_that_the_system_lists(found):
    listed = set(Path("/proc/cpuinfo").read_text().split())
    flags = set(found[-1].features) - set(recorded("mps").features)  # what torch offers
    assert flags == {flag for flag in device_module._ARITHMETIC_FLAGS if flag in listed}


def test_a_device_as_json_is_the_same_device(found):
    assert DeviceInfo.from_dict(json.loads(json.dumps(found[-1].to_dict()))) == found[-1]


@pytest.mark.parametrize(
    ("arch", "capability", "words"),
    [
        ("sm_89", (8, 9), "NVIDIA L4 (compute capability 8.9)"),
        ("sm_120", (12, 0), "NVIDIA GeForce RTX 5090 (compute capability 12.0)"),
        ("gfx950", (0, 0), "AMD Instinct MI355X (gfx950)"),
        ("mps", (0, 0), "Apple M3 Max"),
        ("cpu_avx512", (0, 0), "AMD EPYC 9755 (AVX512)"),
    ],
)
def test_a_device_is_put_in_words(arch, capability, words):
    assert recorded(arch).cuda_capability == capability
    assert recorded(arch).words == words


def test_apple_flags_are_read_in_the_spelling_of_linux():
    text = "hw.optional.arm.FEAT_BF16: 1\nhw.optional.arm.FEAT_I8MM: 0\nhw.optional.arm.FEAT_DotProd: 1\nhw.x: 1"
    assert apple_flags(text) == {"bf16", "asimddp"}
    assert apple_flags("") == set()


@pytest.mark.parametrize(("limit", "expected"), [("1048576\n", 2**20), ("max\n", None), ("9" * 20, None), (None, None)])
def test_a_container_has_the_memory_of_its_limit(tmp_path, monkeypatch, limit, expected):
    path = tmp_path / "memory.max"
    if limit is not None:
        path.write_text(limit)
    monkeypatch.setattr(device_module, "_CONTAINER_LIMITS", (path,))
    monkeypatch.setattr(device_module, "_machine_memory_bytes", lambda: 8 * 10**9)
    assert device_module._free_memory_bytes() == (expected or 8 * 10**9)


def test_values_of_an_apple_gpu_are_made_float64_on_the_cpu_because_it_has_none():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        found = exact(torch.empty(3, 4, dtype=torch.bfloat16, device="mps"))
    assert (found.device.type, found.dtype) == ("cpu", torch.float64)
