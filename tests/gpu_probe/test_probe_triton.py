"""Our own kernels without a GPU: right numbers under Triton's interpreter, native instructions from its compiler."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_probe.compiled import NATIVE_ON, compile_for, compiled_rows, our_kernels
from gpu_probe.interpreted import INTERPRETED_LAYERS, INTERPRETER_FAULTS
from gpu_probe.kernels import KERNELS
from gpu_probe.kernels.tiles import OTHERS, SHARED_BYTES, Tile, arch_of, tile_for
from gpu_probe.native_code import judge_code, tensor_instructions
from gpu_probe.recorded import RECORDED, recorded

ROOT = Path(__file__).parents[2]
OURS = [kernel.name for kernel in our_kernels()]
LAYERS = list(INTERPRETED_LAYERS)
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="Triton is not installed; pip install --group dev brings it"
)


def interpreted(*program: str, switch: str = "1") -> subprocess.CompletedProcess:
    environment = os.environ | {"TRITON_INTERPRET": switch, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, *program], capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def numbers() -> dict[str, dict]:
    """What the interpreter, its known faults mended, makes of every kernel of ours."""
    done = interpreted(str(Path(__file__).with_name("interpreted_with_shim.py")), *OURS, *LAYERS)
    assert done.returncode == 0, done.stderr
    return {row["kernel"]: row for row in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", OURS)
def test_the_interpreter_computes_what_the_emulators_codes_stand_for(name, numbers):
    row = numbers[name]
    assert row["status"] == "OK", row["detail"]
    (error,) = re.findall(r"relative error (\S+) in", row["detail"])
    assert float(error) <= (0.0 if KERNELS[name].output == "int32" else 1e-6), row["detail"]


@pytest.mark.parametrize("name", [*LAYERS, "tiled scales"])
def test_a_pass_through_a_layer_is_right_under_the_interpreter_quantizing_among_it(name, numbers):
    assert numbers[name]["status"] == "OK", numbers[name]["detail"]


def test_without_the_shim_a_kernel_that_the_interpreter_gets_wrong_is_skipped_with_the_reason():
    done = interpreted("-m", "gpu_probe.interpreted", "triton_bf16", "triton_nvfp4")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["status"] for row in rows] == ["SKIPPED", "SKIPPED"]
    assert [row["detail"] for row in rows] == [INTERPRETER_FAULTS[name] for name in ("triton_bf16", "triton_nvfp4")]
    assert set(INTERPRETER_FAULTS) <= {*OURS, *LAYERS}


def test_the_interpreter_must_be_asked_for_before_python_starts():
    done = interpreted("-m", "gpu_probe.interpreted", "triton_fp8", switch="0")
    assert done.returncode == 1
    assert "set TRITON_INTERPRET=1 before Python starts" in done.stderr


# Kernel, architecture, an instruction that its code must hold: the smallest matrix that shows every native form.
NATIVE = [
    ("triton_bf16", "sm_90", r"wgmma\.mma_async\S*\.f32\.bf16\.bf16"),
    ("triton_fp8", "sm_90", r"wgmma\.mma_async\S*\.f32\.e4m3\.e4m3"),
    ("triton_int8", "sm_90", r"wgmma\.mma_async\S*\.s32\.s8\.s8"),
    ("triton_fp8", "sm_100", r"tcgen05\.mma\S*kind::f8f6f4"),
    ("triton_mxfp8", "sm_100", r"tcgen05\.mma\S*kind::mxf8f6f4"),
    ("triton_mxfp4", "sm_100", r"tcgen05\.mma\S*kind::mxf4\b"),
    ("triton_nvfp4", "sm_100", r"tcgen05\.mma\S*kind::mxf4nvf4"),
    ("triton_w4a8", "sm_100", r"tcgen05\.mma\S*kind::mxf8f6f4"),
    ("triton_mxfp8", "sm_120", r"mma\.sync\S*kind::mxf8f6f4\S*e4m3\.e4m3\.f32\.ue8m0"),
    ("triton_mxfp4", "sm_120", r"mma\.sync\S*kind::mxf4nvf4\S*scale_vec::2X\S*e2m1\.e2m1\.f32\.ue8m0"),
    ("triton_nvfp4", "sm_120", r"mma\.sync\S*kind::mxf4nvf4\S*scale_vec::4X\S*e2m1\.e2m1\.f32\.ue4m3"),
    ("triton_nvfp4_tma", "sm_100", r"tcgen05\.mma\S*kind::mxf4nvf4"),
    ("triton_mxfp4_tma", "sm_120", r"mma\.sync\S*kind::mxf4nvf4\S*scale_vec::2X\S*e2m1\.e2m1\.f32\.ue8m0"),
    ("triton_int4_weight", "sm_90", r"wgmma\.mma_async\S*\.f32\.bf16\.bf16"),
    ("triton_fp8_int4", "sm_90", r"wgmma\.mma_async\S*\.f32\.e4m3\.e4m3"),
    ("triton_fp8_int4", "sm_100", r"tcgen05\.mma\S*kind::f8f6f4"),
    ("gemv_mxfp4_weight", "sm_80", r"ld\.global"),
    ("gemv_nvfp4_weight", "sm_90", r"ld\.global"),
]
QUANTIZING = [
    ("quantize_mxfp8", "sm_90"),
    ("quantize_nvfp4", "sm_100"),
    ("quantize_mxfp4_hadamard", "sm_80"),
    ("quantize_nvfp4", "gfx942"),
    ("backward_nvfp4", "sm_100"),
    ("backward_mxfp4", "gfx950"),
]


@pytest.mark.parametrize(("name", "arch", "instruction"), NATIVE)
def test_a_kernel_compiles_to_its_formats_own_instruction_without_spills(name, arch, instruction):
    made = compile_for(KERNELS[name].program, arch)
    found = judge_code(KERNELS[name], made.code)
    assert found.native is True, found.sentence
    assert re.search(instruction, made.code), found.sentence
    assert made.stack_bytes == 0
    assert made.shared_bytes <= SHARED_BYTES[arch]
    assert bool(KERNELS[name].program.descriptors) == ("cp.async.bulk.tensor" in made.code)


@pytest.mark.parametrize(("name", "arch"), QUANTIZING)
def test_a_quantizing_kernel_compiles_without_spills_and_converts_with_the_hardware(name, arch):
    status, detail = compiled_rows(KERNELS[name], recorded(arch))
    assert status == "OK", detail
    if arch in ("sm_90", "sm_100"):
        kernel = KERNELS[name]
        code = compile_for(kernel.program or kernel.programs[-1], arch).code
        assert re.search(r"cvt\.rn\.satfinite\.e4m3x2\.f32", code)


# What is multiplied in another format without a word: the verdict must say so.
SILENT = [
    ("triton_mxfp4", "sm_80", None, r"bf16"),
    ("triton_mxfp4", "sm_90", None, r"bf16"),
    ("triton_nvfp4", "sm_90", None, r"bf16"),
    ("triton_w4a8", "sm_120", None, r"bf16"),
    ("triton_mxfp4", "sm_100", Tile(64, 128, 256, 4, 2), r"bf16 or fp16"),
    ("triton_fp8", "sm_90", Tile(32, 128, 128, 4, 2), r"fp16"),
]


@pytest.mark.parametrize(("name", "arch", "tile", "instead"), SILENT)
def test_silent_emulation_is_read_from_the_compiled_code(name, arch, tile, instead):
    found = judge_code(KERNELS[name], compile_for(KERNELS[name].program, arch, tile).code)
    assert found.native is False, found.sentence
    assert re.search(rf"which multiplies in {instead}$", found.sentence), found.sentence


@pytest.mark.exhaustive
@pytest.mark.parametrize("arch", SHARED_BYTES)
@pytest.mark.parametrize("name", OURS)
def test_every_kernel_compiles_as_expected_for_every_architecture(name, arch):
    device = RECORDED[arch]
    if reason := KERNELS[name].why_not(device):
        pytest.skip(reason)
    status, detail = compiled_rows(KERNELS[name], device)
    print(f"{name} {arch}: {detail}")
    assert status == "OK", detail


def test_the_table_of_compiled_kernels_lists_every_kernel_and_every_architecture():
    text = (ROOT / "docs" / "exhaustive.md").read_text(encoding="utf-8").split("## Kernels without a GPU")[1]
    lines = [line.strip("| ").split(" | ") for line in text.split("\n## ")[0].splitlines() if line.startswith("| ")]
    assert lines[0] == ["kernel", *SHARED_BYTES]
    assert sorted(line[0] for line in lines[2:]) == sorted(OURS)
    for line in lines[2:]:
        for arch, cell in zip(SHARED_BYTES, line[1:], strict=True):
            assert (cell == "–") == bool(KERNELS[line[0]].why_not(recorded(arch))), (line[0], arch, cell)


def test_a_spill_a_shortage_of_shared_memory_and_a_lost_instruction_are_wrong(monkeypatch):
    from gpu_probe import compiled

    kernel = KERNELS["triton_fp8"]
    bad = compiled.Compiled("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", 616, 300_000)
    monkeypatch.setattr(compiled, "compile_for", lambda program, arch: bad)
    status, detail = compiled_rows(kernel, recorded("sm_90"))
    assert status == "WRONG"
    assert detail.startswith(
        "native is False, expected True; 616 bytes of registers spill; 300000 bytes of shared memory, 232448 there are"
    )


# Lines of compiled code in Triton's spelling of two versions, and what each multiplies.
LINES = {
    "wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3 {%r1}, %rd1": {"fp8", "fp8_int4"},
    "@%p12 tcgen05.mma.cta_group::1.kind::mxf4nvf4.block_scale.block16 [ %r415 + 0 ], %rd65;": {"nvfp4"},
    "tcgen05.mma.cta_group::1.kind::mxf4nvf4.block_scale.scale_vec::4X [ %r415 + 0 ], %rd65;": {"nvfp4"},
    "tcgen05.mma.cta_group::1.kind::mxf4.block_scale.block32 [ %r415 + 0 ], %rd65;": {"mxfp4"},
    "tcgen05.mma.cta_group::1.kind::mxf8f6f4.block_scale.scale_vec::1X [ %r415 ];": {"mxfp8", "w4a8"},
    "mma.sync.aligned.m16n8k64.row.col.kind::mxf4nvf4.block_scale.scale_vec::2X.f32.e2m1.e2m1.f32.ue8m0 {": {"mxfp4"},
    "mma.sync.aligned.m16n8k64.row.col.kind::mxf4nvf4.block_scale.scale_vec::4X.f32.e2m1.e2m1.f32.ue4m3 {": {"nvfp4"},
    "tcgen05.mma.cta_group::1.kind::f16 [ %r1 ];": {"bf16", "fp16"},
    "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {": {"bf16"},
    "mma.sync.aligned.m16n8k8.row.col.f64.f64.f64.f64 {": {"another format"},
    "v_mfma_scale_f32_32x32x64_f8f6f4 a[0:15], v[1:8], v[9:16], a[0:15], v1, v2 op_sel:[0,0,0] cbsz:4 blgp:4": {
        "mxfp4"
    },
    "v_mfma_scale_f32_32x32x64_f8f6f4 a[0:15], v[1:8], v[9:16], a[0:15], v1, v2": {"mxfp8"},
    "v_mfma_f32_32x32x8_bf16_1k a[0:15], v[0:1], v[2:3], a[0:15]": {"bf16"},
    "v_mfma_i32_32x32x16_i8 a[0:15], v[0:1], v[2:3], a[0:15]": {"int8"},
}


@pytest.mark.parametrize("line", LINES)
def test_an_instruction_tells_what_it_multiplies(line):
    (found,) = tensor_instructions(f"ld.shared.b32 %r1, [%r2];\n\t{line}\n\tret;").values()
    assert found == LINES[line]


def test_code_without_tensor_instructions_is_emulation_and_narrow_loads_prove_nothing():
    assert judge_code(KERNELS["triton_int8"], "fma.rn.f32 %f1, %f2, %f3, %f4;").native is False
    assert judge_code(KERNELS["gemv_mxfp4_weight"], "ld.global.b8 %rs1, [%rd1];").native is None
    mixed = "wgmma.mma_async.m64n128k32.f32.e4m3.e4m3 {\nmma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {"
    found = judge_code(KERNELS["triton_fp8"], mixed)
    assert found.native is False
    assert "which multiplies in fp16" in found.sentence


@pytest.mark.parametrize("arch", [arch for arch, device in RECORDED.items() if device.kind in ("cuda", "rocm")])
def test_every_architecture_that_runs_a_kernel_of_ours_has_a_tile_that_its_hardware_multiplies_natively(arch):
    """wgmma wants 64 rows and 4 warps, tcgen05 with block scales 128 rows: fewer and another format is multiplied."""
    device = RECORDED[arch]
    assert arch_of(device) == arch
    for kernel in our_kernels():
        if kernel.why_not(device):
            continue
        tile = tile_for(kernel.program.kind, arch)
        if kernel.program.kind not in ("vector", "rows"):
            assert tile.rows >= (64 if kernel.program.kind in OTHERS else 128)
            assert tile.warps >= 4
        step = kernel.multiples["cuda"].k
        assert step % tile.step == 0, f"{kernel.name}: k in steps of {step} does not fill steps of {tile.step}"


def test_a_kernel_of_ours_says_where_triton_is_missing():
    bare = replace(recorded("sm_100"), features=())
    for kernel in our_kernels():
        assert str(kernel.why_not(bare)).startswith("Triton is not installed beside torch; pip install triton")
    assert set(NATIVE_ON) <= set(OURS)


def test_nvfp4_is_refused_where_an_old_triton_would_end_its_process():
    kernel = KERNELS["triton_nvfp4"]
    old = replace(recorded("sm_90"), versions={"triton": "3.7.1"})
    assert str(kernel.why_not(old)).startswith("Triton 3.7.1 cannot decompose NVFP4 for NVIDIA H100 80GB HBM3; install")
    assert kernel.why_not(replace(old, versions={"triton": "3.8.0"})) is None
    assert kernel.why_not(replace(recorded("sm_120"), versions={"triton": "3.7.1"})) is None
