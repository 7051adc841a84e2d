"""Which kernel runs on which device: an explicit table, and a sentence wherever one does not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_probe.check import why_unchecked
from gpu_probe.device import KIND_WORDS, DeviceInfo
from gpu_probe.kernels import KERNELS, get_kernels
from gpu_probe.rates import PEAK_COLUMNS, peak_format
from gpu_probe.recorded import RECORDED, recorded
from gpu_probe.shapes import LAYERS, LOOKUPS, SHAPE_SETS, SPECIAL, Shape, kernels_for

NVIDIA_8 = {"sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_103", "sm_110", "sm_120"}
BLACKWELL = {"sm_100", "sm_103", "sm_110", "sm_120"}
FP8_TYPES = {"sm_89", "sm_90"} | BLACKWELL
AMD = {"gfx90a", "gfx942", "gfx950", "gfx1201"}
CPUS = {"cpu", "cpu_avx512", "cpu_amx", "cpu_arm"}
EVERYWHERE = {"sm_75", *NVIDIA_8, *AMD, *CPUS, "mps"}

# Refusals of shapes that are fair: _int_mm needs 17 tokens on a GPU, a kernel for decoding takes one.
OTHER_TOKENS = r"m is \d+; this call (needs m of at least 17|is made for m of at most 1|needs a multiple of (8|16))"
ALWAYS = {"mm_fp32", "mm_fp16", "mm_bf16", "mm_tf32", "forward_bf16", "backward_bf16"}  # asks nothing new of torch
# Kernel -> the recorded devices that run it. Sources: torch 2.13 ScaledBlas.cpp and Blas.cpp; for MXFP4 on 12.x torch
# has no product though the hardware has; on gfx942 FP8 is the fnuz kind, which is another format.
RUNS_ON = {
    "copy_bandwidth": EVERYWHERE,
    "mm_fp32": EVERYWHERE,
    "mm_fp16": EVERYWHERE,
    "mm_bf16": EVERYWHERE - {"sm_75"},
    "mm_tf32": NVIDIA_8,
    "mm_int8": EVERYWHERE - {"mps"},
    "mm_int4_weight": NVIDIA_8 | CPUS,
    "mm_fp8": {"sm_89", "sm_90"} | BLACKWELL | {"gfx950", "gfx1201"} | CPUS,
    "mm_fp8_row": {"sm_89", "sm_90"} | BLACKWELL | {"gfx950", "gfx1201"} | CPUS,
    "mm_fp8_block": {"sm_90"},
    "mm_int8_weight": CPUS,
    "mm_bf16_sparse": NVIDIA_8,
    "mm_fp16_sparse": NVIDIA_8,
    "mm_int8_sparse": NVIDIA_8,
    "mm_mxfp8": BLACKWELL | {"gfx950"},
    "mm_mxfp4": {"sm_100", "sm_103", "gfx950"},
    "mm_nvfp4": BLACKWELL,
    # Our own, in Triton: where it compiles them at all, native or not; FP8 types from 8.9 on, on AMD the OCP kind.
    "triton_bf16": NVIDIA_8 | AMD,
    "triton_int8": NVIDIA_8 | AMD,
    "triton_fp8": FP8_TYPES | {"gfx950", "gfx1201"},
    "triton_mxfp8": FP8_TYPES | {"gfx950"},
    "triton_mxfp4": NVIDIA_8 | {"gfx950"},
    "triton_nvfp4": FP8_TYPES,
    **dict.fromkeys(("triton_mxfp8_tma", "triton_mxfp4_tma", "triton_nvfp4_tma"), BLACKWELL),
    "triton_w4a8": FP8_TYPES | {"gfx950"},
    "triton_int4_weight": NVIDIA_8 | AMD,
    "triton_fp8_int4": FP8_TYPES | {"gfx950", "gfx1201"},
    "gemv_bf16": NVIDIA_8 | AMD,
    "gemv_int8_weight": NVIDIA_8 | AMD,
    "gemv_int4_weight": NVIDIA_8 | AMD,
    "gemv_mxfp4_weight": NVIDIA_8 | AMD,
    "gemv_fp8_weight": FP8_TYPES | AMD,
    "gemv_nvfp4_weight": FP8_TYPES | AMD,
    "quantize_fp8": FP8_TYPES | CPUS | AMD,
    "quantize_mxfp8": FP8_TYPES | CPUS | AMD,
    "quantize_nvfp4": FP8_TYPES | CPUS | AMD,
    "quantize_mxfp4": NVIDIA_8 | CPUS | AMD,
    "quantize_mxfp4_hadamard": NVIDIA_8 | CPUS | AMD,
    # Loops of ours on a CPU.
    **dict.fromkeys(LOOKUPS, CPUS),
}
# A pass through a layer runs where its product does; on a CPU, FP4 is widened.
LAYERS_ON = {"triton_mxfp4": CPUS, "triton_nvfp4": CPUS}
for _way in ("mm_bf16", "mm_fp8", "mm_mxfp4", "mm_nvfp4", "triton_mxfp4", "triton_nvfp4"):
    for _phase in ("forward", "backward"):
        RUNS_ON[f"{_phase}_{_way.removeprefix('mm_')}"] = RUNS_ON[_way] | LAYERS_ON.get(_way, set())


def test_the_table_names_every_kernel_and_every_recorded_device():
    assert set(RUNS_ON) == set(KERNELS)
    assert set(RECORDED) == EVERYWHERE


@pytest.mark.parametrize("arch", RECORDED)
@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_runs_where_the_table_says_and_says_why_not_elsewhere(name, arch):
    device = recorded(arch)
    reason = KERNELS[name].why_not(device)
    if arch in RUNS_ON[name]:
        assert reason is None
        return
    assert reason is not None, f"{name} should not run on {device.words}"
    because, _, here = reason.partition("; ")
    assert device.name in here, reason
    assert device.capability in here or KIND_WORDS[device.kind] in here, reason
    assert len(because.split()) >= 5, reason


@pytest.mark.parametrize("name", [name for name in KERNELS if not KERNELS[name].is_copy])
def test_a_torch_without_the_operation_is_the_reason_where_one_is_needed(name):
    arch = max(RUNS_ON[name])  # a GPU where there is one
    old = replace(recorded(arch), features=(), versions={"torch": "2.4.1"})
    reason = KERNELS[name].why_not(old)
    if KERNELS[name].program is not None:
        assert str(reason).startswith("Triton is not installed beside torch; pip install triton")
        return
    if KERNELS[name].programs:  # a layer that quantizes by Triton lacks that or its product's operation
        assert str(reason).startswith(
            ("Triton is not installed beside torch; pip install triton", "torch 2.4.1 has no ")
        )
        return
    assert reason is None or (reason.startswith("torch 2.4.1 has no ") and "install torch" in reason), reason
    assert (reason is None) == (name in ALWAYS or name in LOOKUPS)


def test_every_file_of_kernels_that_starts_with_mm_is_in_the_registry():
    folder = Path(__file__).parents[2] / "gpu_probe" / "kernels"
    assert {path.stem for path in folder.glob("mm_*.py")} == {name for name in KERNELS if name.startswith("mm_")}
    assert [name for name, kernel in KERNELS.items() if kernel.name != name] == []


def test_the_baseline_comes_first_so_that_a_run_cut_short_can_be_read():
    assert next(iter(KERNELS)) == "mm_bf16"


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_says_what_it_does_and_has_a_format_with_a_peak(name):
    kernel = KERNELS[name]
    assert kernel.about
    assert peak_format(name, kernel.format) in PEAK_COLUMNS
    assert set(kernel.multiples) <= set(kernel.runs_on)
    if "cpu" in kernel.runs_on:
        assert (kernel.on_cpu is not None) == kernel.multiplies


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mm_nvfp8", "did you mean mm_nvfp4"),
        ("bf16", "did you mean mm_bf16"),
        ("zzz", "known: mm_bf16"),
        ("", "known: mm_bf16"),
    ],
)
def test_an_unknown_kernel_is_named_with_the_nearest_known_ones(name, words):
    with pytest.raises(ValueError, match="unknown kernel") as refused:
        get_kernels(["mm_fp32", name])
    assert f"'{name}'" in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("name", "kind", "shape", "words"),
    [
        ("mm_int8", "cuda", Shape(16, 64, 64), "m is 16; this call needs m of at least 17"),
        ("mm_int8", "cuda", Shape(17, 60, 64), "n is 60; this call needs a multiple of 8"),
        ("mm_fp8", "cuda", Shape(3, 64, 40), "k is 40; this call needs a multiple of 16"),
        ("mm_nvfp4", "cuda", Shape(3, 64, 48), "k is 48; this call needs a multiple of 32"),
        ("mm_mxfp4", "rocm", Shape(8, 64, 128), "m is 8; this call needs a multiple of 16"),
        ("gemv_int4_weight", "cuda", Shape(2, 64, 512), "m is 2; this call is made for m of at most 1"),
        ("mm_int4_weight", "cpu", Shape(1, 16, 64), "k is 64; this call needs a multiple of 128"),
        ("mm_int8", "cpu", Shape(1, 3, 5), None),
        ("mm_fp32", "cuda", Shape(1, 1, 1), None),
    ],
)
def test_a_shape_that_the_library_refuses_is_refused_with_the_size(name, kind, shape, words):
    assert KERNELS[name].why_not_shape(shape, kind) == words


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("chosen", SHAPE_SETS)
@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_the_shipped_shapes_suit_every_kernel_but_for_the_tokens_and_can_be_checked(name, chosen, kind):
    kernel = KERNELS[name]
    for shape in kernel.shapes(SHAPE_SETS[chosen].on(kind), kind):
        reason = kernel.why_not_shape(shape, kind)
        assert reason is None or re.fullmatch(OTHER_TOKENS, reason), reason
        assert why_unchecked(kernel, shape, kind) is None


def test_kernels_made_for_one_set_of_shapes_are_left_out_of_others():
    assert not SPECIAL - set(KERNELS)
    assert {name for name, kernel in KERNELS.items() if kernel.phase} == set(LAYERS)
    for chosen in ("quick", "decode", "llm", "32,64,128"):
        assert not SPECIAL & set(kernels_for(chosen, KERNELS))
    assert set(LAYERS) <= set(kernels_for("planner", KERNELS))
    assert set(LOOKUPS) <= set(kernels_for("lookup", KERNELS))
    assert all(set(known.kernels) <= set(KERNELS) for known in SHAPE_SETS.values())


def test_a_sum_too_long_to_be_checked_is_refused_with_the_longest_that_can_be():
    """6 x 2^-18 of a standard deviation for each of k FP8 terms reaches two of them at k = 87381."""
    kernel = KERNELS["mm_fp8"]
    assert why_unchecked(kernel, Shape(64, 64, 87381), "cuda") is None
    assert "k is 87392; beyond 87381" in str(why_unchecked(kernel, Shape(64, 64, 87392), "cuda"))
    assert why_unchecked(kernel, Shape(64, 64, 87392), "cpu") is None
    assert why_unchecked(KERNELS["mm_int8"], Shape(64, 64, 2**24), "cuda") is None


@pytest.mark.parametrize("arch", RECORDED)
def test_a_device_survives_its_way_through_json(arch):
    assert DeviceInfo.from_dict(recorded(arch).to_dict()) == recorded(arch)


def test_an_unknown_architecture_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown architecture 'sm_42'; known: sm_75, sm_80, .*cpu_arm"):
        recorded("sm_42")
