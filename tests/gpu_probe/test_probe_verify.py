"""verify proves what it says with no GPU, and says it when something is wrong."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace

import pytest
import torch

from gpu_probe import verify_layout
from gpu_probe.__main__ import main
from gpu_probe.kernels import KERNELS
from gpu_probe.recorded import RECORDED, recorded
from gpu_probe.verify import LIMITS, NO_TRITON, RAGGED, verify
from gpu_probe.verify_layout import BLOCK_SCALED, layouts

LIBRARY = [name for name, kernel in KERNELS.items() if kernel.program is None and not kernel.phase]
FINE = {"OK", "UNSUPPORTED", "SKIPPED"}


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    """Everything that verify finds about the libraries' kernels for every recorded device."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gpu_probe.verify.KERNELS", {name: KERNELS[name] for name in LIBRARY})
        return list(verify(tuple(RECORDED)))


def test_nothing_is_wrong_with_the_kernels_on_any_recorded_device(rows):
    assert [row for row in rows if row["status"] not in FINE] == []
    assert all(row["detail"] for row in rows)


@pytest.mark.parametrize("name", LIBRARY)
def test_numbers_are_checked_on_ragged_shapes_wherever_the_cpu_runs_the_kernel(name, rows, cpu):
    found = [row for row in rows if row["check"] == "numbers" and row["kernel"] == name]
    if reason := KERNELS[name].why_not(cpu):
        assert [(row["status"], row["detail"]) for row in found] == [("UNSUPPORTED", reason)]
    else:
        assert [row["status"] for row in found] == ["OK"] * len(RAGGED)


@pytest.mark.parametrize("arch", RECORDED)
@pytest.mark.parametrize("name", LIBRARY)
def test_each_call_contract_is_tried_where_torch_can_try_it(name, arch, rows):
    (row,) = (row for row in rows if (row["check"], row["kernel"], row["arch"]) == ("contract", name, arch))
    device, kernel = recorded(arch), KERNELS[name]
    if reason := kernel.why_not(device):
        expected = ("UNSUPPORTED", reason)
    elif device.kind != "cuda":
        expected = ("SKIPPED", f"torch checks calls without a device for NVIDIA only, {device.name} is not")
    elif kernel.is_copy:
        expected = ("SKIPPED", "a copy has no call contract to check")
    elif name.endswith("_sparse"):
        expected = ("SKIPPED", "torch's tracer does not know how cuSPARSELt packs weights")
    elif kernel.format == "mxfp4":  # torch 2.13 counts these scales wrong when it only traces
        assert "for MX scaling scale_a must have 4096 (got: 8192)" in row["detail"]
        expected = ("SKIPPED", row["detail"])
    else:
        expected = ("OK", f"torch accepts the call for 256 x 512 x 1024 and returns torch.{kernel.output}")
    assert (row["status"], row["detail"]) == expected


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")
def test_our_own_kernels_are_interpreted_and_compiled_and_judged_by_their_code(monkeypatch):
    ours = {name: KERNELS[name] for name in ("triton_nvfp4", "gemv_mxfp4_weight")}
    monkeypatch.setattr("gpu_probe.verify.KERNELS", ours)
    found = [row for row in verify(["sm_80", "sm_90", "sm_120"]) if row["check"] != "layout"]
    said = [(row["check"], row["kernel"], row["arch"], row["status"], row["detail"].split(":")[0]) for row in found]
    assert said == [
        ("interpreted", "triton_nvfp4", "any", "SKIPPED", "Triton's interpreter reads block scales in e4m3 as e8m0"),
        ("interpreted", "gemv_mxfp4_weight", "any", "OK", "1 x 24 x 1024"),
        ("compiled", "triton_nvfp4", "sm_80", "UNSUPPORTED", KERNELS["triton_nvfp4"].why_not(recorded("sm_80"))),
        ("compiled", "gemv_mxfp4_weight", "sm_80", "OK", "native"),
        ("compiled", "triton_nvfp4", "sm_90", "OK", "emulated"),
        ("compiled", "gemv_mxfp4_weight", "sm_90", "OK", "native"),
        ("compiled", "triton_nvfp4", "sm_120", "OK", "native"),
        ("compiled", "gemv_mxfp4_weight", "sm_120", "OK", "native"),
    ]


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")
def test_a_pass_through_a_layer_is_checked_on_the_cpu_and_the_programs_that_quantize_for_it_are_compiled(monkeypatch):
    layers = {name: KERNELS[name] for name in ("backward_fp8", "backward_nvfp4")}
    monkeypatch.setattr("gpu_probe.verify.KERNELS", layers)
    found = [row for row in verify(["sm_89", "gfx950", "sm_100"]) if row["check"] != "layout"]
    said = [(row["check"], row["kernel"], row["arch"], row["status"], row["detail"].split("; ")[-1]) for row in found]
    assert [row[:4] for row in said[:3]] == [
        ("numbers", "backward_fp8", "cpu", "OK"),
        ("numbers", "backward_fp8", "cpu", "OK"),
        ("numbers", "backward_nvfp4", "cpu", "UNSUPPORTED"),
    ]
    fits = "2 programs that quantize fit"
    assert said[3:] == [
        ("compiled", "backward_fp8", "sm_89", "OK", fits),
        ("compiled", "backward_nvfp4", "sm_89", "UNSUPPORTED", "NVIDIA L4 has 8.9"),
        ("compiled", "backward_fp8", "gfx950", "OK", fits),
        ("compiled", "backward_nvfp4", "gfx950", "UNSUPPORTED", "AMD Instinct MI355X is an AMD GPU"),
        ("compiled", "backward_fp8", "sm_100", "OK", fits),
        ("compiled", "backward_nvfp4", "sm_100", "OK", fits),
    ]


def test_without_triton_our_own_kernels_are_skipped_with_what_to_install(monkeypatch):
    monkeypatch.setattr("gpu_probe.verify.KERNELS", {"triton_fp8": KERNELS["triton_fp8"]})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = [row for row in verify(["sm_90"]) if row["check"] != "layout"]
    assert [(row["check"], row["status"], row["detail"]) for row in found] == [
        ("interpreted", "SKIPPED", NO_TRITON),
        ("compiled", "SKIPPED", NO_TRITON),
    ]


def _fails(kind, tensors, out):
    raise RuntimeError("the library said\nno")


def _wrong(kind, tensors, out):
    return KERNELS["mm_fp32"].launch(kind, tensors, out) * 1.5


def _narrow(kind, tensors, out):
    return torch.empty(out.shape[0], out.shape[1] - 1, dtype=out.dtype, device=out.device)


@pytest.mark.parametrize(
    ("launch", "numbers", "contract"),
    [
        (_fails, ("FAILED", "17 x 48 x 128: RuntimeError: the library said no"), ("FAILED", "RuntimeError: the lib")),
        (_wrong, ("WRONG", "17 x 48 x 128: element (0, 0) is "), ("OK", "torch accepts")),
        (
            _narrow,
            ("WRONG", "17 x 48 x 128: the call returns (17, 47) torch.float32, expected (17, 48)"),
            ("WRONG", "the call returns (256, 511) torch.float32, expected (2"),
        ),
    ],
)
def test_a_broken_kernel_is_found_and_is_exit_code_1(launch, numbers, contract, monkeypatch, capsys):
    broken = replace(KERNELS["mm_fp32"], launch=launch)
    monkeypatch.setattr("gpu_probe.verify.KERNELS", {"mm_fp32": broken})
    assert main(["verify", "--arch", "sm_90"]) == 1
    said = capsys.readouterr()
    found = [json.loads(line) for line in said.out.splitlines()]
    first, last = next(row for row in found if row["check"] == "numbers"), found[-1]
    assert (first["status"], first["detail"][: len(numbers[1])]) == numbers
    assert (last["status"], last["detail"][: len(contract[1])]) == contract
    assert last["arch"] == "sm_90"
    assert said.err == f"{LIMITS}\n"


def test_a_call_with_transposed_operands_breaks_its_contract(monkeypatch):
    """What the fake device is there for: FP8 wants its second operand column by column."""
    kernel = KERNELS["mm_fp8"]

    def row_by_row(kind, tensors, out):
        a, w, a_scale, w_scale = tensors
        return kernel.launch(kind, (a, w.view(w.shape[::-1]).t(), a_scale, w_scale), out)

    monkeypatch.setattr("gpu_probe.verify.KERNELS", {"mm_fp8": replace(kernel, launch=row_by_row)})
    last = list(verify(["sm_90"]))[-1]
    assert last["status"] == "FAILED"
    assert "col_major" in last["detail"]


SPOILED = {
    "to_blocked": ("blocked scales", lambda scales: verify_layout_to_blocked(scales).flip(0)),
    "pack_low_first": ("packed e2m1", lambda codes: codes[..., 0::2] << 4 | codes[..., 1::2]),
    "unpack_low_first": ("packed e2m1", lambda packed: packed.repeat_interleave(2, dim=-1)),
}
verify_layout_to_blocked = verify_layout.to_blocked


@pytest.mark.parametrize("name", SPOILED)
def test_a_layout_that_differs_from_its_formula_is_named(name, monkeypatch):
    where, spoiled = SPOILED[name]
    monkeypatch.setattr(verify_layout, name, spoiled)
    assert dict(layouts())[where] is not None


@pytest.mark.parametrize("name", BLOCK_SCALED)
def test_operands_that_read_otherwise_than_the_reference_are_named_with_the_element(name, monkeypatch):
    kernel = KERNELS[name]

    def wrong(shape, place, seed):
        operands = kernel.operands(shape, place, seed)
        codes = operands.tensors[0].clone()
        codes[3, 0] ^= 1
        return replace(operands, tensors=(codes, *operands.tensors[1:]))

    monkeypatch.setattr(verify_layout, "KERNELS", KERNELS | {name: replace(kernel, operands=wrong)})
    assert str(dict(layouts())[f"{name} operands"]).startswith("a[3, 0] reads as ")


def test_the_command_prints_json_lines_and_ends_well(capsys, monkeypatch):
    monkeypatch.setattr("gpu_probe.verify.KERNELS", {name: KERNELS[name] for name in ("mm_fp32", "mm_nvfp4")})
    assert main(["verify"]) == 0
    said = capsys.readouterr()
    found = [json.loads(line) for line in said.out.splitlines()]
    assert {row["arch"] for row in found} == {"any", "cpu", "sm_90", "sm_100", "sm_120"}
    assert all(list(row) == ["check", "kernel", "arch", "status", "detail"] for row in found)
    assert said.err == f"{LIMITS}\n"
