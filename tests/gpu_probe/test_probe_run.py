"""The real kernels of this machine's CPU, run in a child process, and the way of their rows into the store."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gpu_probe.device import DeviceInfo
from gpu_probe.events import Case
from gpu_probe.kernels import KERNELS, Kernel
from gpu_probe.result import ProbeResult, Status
from gpu_probe.runner import Settings, estimate_s, plan, run_cases
from gpu_probe.shapes import Shape
from results_db import Store

SMALL, ONE, LAYER = Shape(32, 64, 128), Shape(1, 64, 128), Shape(128, 128, 128)
LARGEST_ERROR = {"float32": 1e-6, "bfloat16": 4e-3, "float16": 5e-4, "int32": 0.0}  # rounding of the output
# x86 flags under which oneDNN multiplies in the format itself: then, and only then, the row must say native.
NATIVE_WITH = {
    "mm_bf16": {"avx512_bf16", "amx_bf16"},
    "mm_fp16": {"avx512_fp16", "amx_fp16"},
    "mm_int8": {"avx512_vnni", "amx_int8"},
    "mm_fp8": {"amx_fp8", "avx10_2"},
}


def shape_for(kernel: Kernel) -> Shape:
    """A small shape that the kernel takes."""
    if kernel.phase:
        return LAYER
    if kernel.ran is not None:
        return ONE
    return SMALL if kernel.is_product else SMALL._replace(n=1)


@pytest.fixture(scope="module")
def results(cpu: DeviceInfo) -> dict[str, ProbeResult]:
    """One run of every kernel there is, on a small shape, by kernel."""
    cases = [Case(name, shape_for(kernel)) for name, kernel in KERNELS.items()]
    found = {result.kernel: result for result in run_cases(cases, Settings(budget_s=0.05, seed=1))}
    assert list(found) == list(KERNELS)
    return found


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_is_timed_and_right_or_says_why_not(name, results, cpu):
    kernel, result = KERNELS[name], results[name]
    if reason := kernel.why_not(cpu):
        assert (result.status, result.detail) == (Status.UNSUPPORTED, reason)
        assert (result.p50_us, result.relative_error, result.native) == (None, None, None)
        return
    assert result.status is Status.OK, result.detail
    assert 0 < result.p20_us <= result.p50_us <= result.p80_us
    assert result.relative_error <= (LARGEST_ERROR[kernel.output] if kernel.multiplies else 1e-6)
    assert result.calls > result.samples >= 3
    assert result.buffers >= 1


def test_the_formats_that_a_cpu_multiplies_are_all_timed(results):
    timed = {result.format for result in results.values() if result.status is Status.OK}
    assert timed >= {"fp32", "bf16", "fp16", "int8", "fp8", "int4"}


@pytest.mark.row("R25")
@pytest.mark.parametrize("name", NATIVE_WITH)
def test_a_format_is_native_only_on_a_cpu_that_has_its_instructions(name, results, cpu):
    result = results[name]
    if NATIVE_WITH[name] & set(cpu.features):
        assert result.native is True, result.detail
        assert result.detail.startswith("native: ran ")
    else:
        assert result.native is not True, result.detail
        assert "ran " in result.detail


def test_float32_is_always_native_and_a_copy_has_no_arithmetic(results):
    assert results["mm_fp32"].native is True
    assert results["copy_bandwidth"].native is None


def test_rows_of_one_run_share_its_key_device_and_versions(results, cpu):
    told = {(row.run_id, row.device, row.device_id, row.device_kind, row.capability) for row in results.values()}
    assert len(told) == 1
    (run_id, *facts) = told.pop()
    assert run_id
    assert facts == [cpu.name, "cpu", "cpu", cpu.capability]
    assert all(row.versions["torch"] == cpu.versions["torch"] for row in results.values())


def test_rows_survive_their_way_through_json_lines(results):
    for result in results.values():
        line = result.to_json()
        assert "\n" not in line
        assert ProbeResult.from_json(line) == result
        assert json.loads(line) == result.to_dict()


def test_the_store_takes_the_lines_of_a_run_and_knows_them_again(results, empty_store: Store):
    lines = "".join(f"{result.to_json()}\n" for result in results.values()).encode()
    preview = empty_store.preview("probe.jsonl", lines)
    assert (preview.kind, preview.blocking, preview.sentences()) == ("probe_results", "", [])
    dataset = empty_store.commit(preview)
    stored = empty_store.table("probe_results").set_index("kernel")
    assert set(stored.index) == set(KERNELS)
    for name, result in results.items():
        row = stored.loc[name]
        assert (row["status"], row["detail"], row["device"]) == (result.status, result.detail, result.device)
        assert (row["m"], row["n"], row["k"], row["run_id"]) == (result.m, result.n, result.k, result.run_id)
        assert row["p50_us"] == result.p50_us or result.p50_us is None
        assert json.loads(row["versions"]) == result.versions
        assert json.loads(row["extra"])["seed"] == result.seed
    assert empty_store.preview("again.jsonl", lines).existing == dataset
    assert empty_store.undo(dataset) == len(KERNELS)


def test_a_row_of_a_probe_beside_the_page_and_from_a_file_is_one_row(results, empty_store: Store):
    rows = [result.to_dict() for result in results.values()]
    assert empty_store.add_probe_results(rows) == len(rows)
    lines = "".join(f"{result.to_json()}\n" for result in results.values()).encode()
    assert empty_store.preview("probe.jsonl", lines).existing == "measured"


def test_a_plan_keeps_shapes_together_and_the_baseline_first():
    shapes = (Shape(8, 16, 128), Shape(16, 16, 128))
    cases = plan([KERNELS["mm_bf16"], KERNELS["mm_int8"]], shapes, "cpu")
    assert [(case.kernel, case.shape.m) for case in cases] == [
        ("mm_bf16", 8), ("mm_int8", 8), ("mm_bf16", 16), ("mm_int8", 16),
    ]  # fmt: skip


def test_a_kernel_that_cannot_run_costs_no_time_in_the_estimate(cpu):
    settings = Settings(budget_s=2.0)
    able, unable = Case("mm_fp32", SMALL), Case("mm_nvfp4", SMALL)
    assert estimate_s([able, unable], cpu, settings) == estimate_s([able], cpu, settings)
    assert estimate_s([able, able], cpu, settings) - estimate_s([able], cpu, settings) > 2.0


def test_a_shape_that_does_not_suit_a_kernel_is_unsupported_and_the_others_run():
    odd, endless = Shape(5, 24, 40), Shape(1, 1, 2**22)
    (refused,) = run_cases([Case("mm_bf16", endless)], Settings())
    assert refused.status is Status.UNSUPPORTED
    assert refused.detail.startswith("k is 4194304; beyond 2796202 what bf16 sums may lose is as large as the sums")
    rows = {row.kernel: row for row in run_cases(
        [Case(name, odd) for name in ("mm_fp32", "mm_fp8", "mm_int4_weight", "mm_int8")], Settings(budget_s=0.01)
    )}  # fmt: skip
    assert [row.status for row in rows.values()] == ["OK", "UNSUPPORTED", "UNSUPPORTED", "OK"]
    assert rows["mm_fp8"].detail == "n is 24; this call needs a multiple of 16"


GOOD = ProbeResult("mm_fp32", "fp32", 8, 16, 32, "a CPU", Status.OK, "", True, 1.0, 2.0, 3.0, 1e-7)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"p50_us": None}, "status OK needs three positive times"),
        ({"p20_us": 0.0}, "status OK needs three positive times"),
        ({"p80_us": float("inf")}, "status OK needs three positive times"),
        ({"p50_us": float("nan")}, "status OK needs three positive times"),
        ({"p50_us": 9.0}, "p20 <= p50 <= p80 is broken"),
        ({"status": "FAILED"}, "must not carry times"),
        ({"status": "FINE"}, "'FINE' is not a valid Status"),
        ({"relative_error": -1.0}, "relative_error is -1.0"),
        ({"relative_error": float("nan")}, "relative_error is nan"),
    ],
)
def test_a_result_that_contradicts_itself_cannot_be_made(changes, words):
    with pytest.raises(ValueError, match=words):
        replace(GOOD, **changes)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[]", "not a probe row: a JSON list"),
        ("{}", "expected at least kernel, format, m, n, k, device, status, detail"),
        ('{"kernel": "a", "p50_us": NaN}', "NaN is not JSON"),
        (GOOD.to_json().replace("2.0", '"two"'), "not a probe row"),
        ("mm_fp32,8,16", "Expecting value"),
    ],
)
def test_a_line_that_is_no_result_is_refused(line, words):
    with pytest.raises(ValueError, match=words):
        ProbeResult.from_json(line)


def test_a_later_version_may_add_columns():
    row = GOOD.to_dict() | {"power_w": 350}
    assert ProbeResult.from_dict(row) == GOOD
