"""`python -m gpu_probe` as a script meets it: JSON lines on stdout, sentences on stderr, exit code 0, 1 or 2."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gpu_probe.__main__ import main
from gpu_probe.kernels import KERNELS
from gpu_probe.lock import one_at_a_time
from gpu_probe.result import ProbeResult, Status
from gpu_probe.shapes import SHAPE_SETS, Shape, parse_shapes, why_too_big

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "gpu_probe"]


def command(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def started(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen([*COMMAND, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


def ends(pid: int, within_s: float) -> bool:
    """True when a process is gone, or only waits to be collected, before the time is up."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def test_a_run_prints_a_row_per_case_and_how_long_it_will_take():
    done = command("run", "--kernels", "mm_fp32, mm_int8,mm_nvfp4,mm_fp32", "--shapes", "32,64,128", "--timeout", "50",
                   "--threads", "1")  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [ProbeResult.from_json(line) for line in done.stdout.splitlines()]
    assert [(row.kernel, row.status) for row in rows] == [
        ("mm_fp32", Status.OK),
        ("mm_int8", Status.OK),
        ("mm_nvfp4", Status.UNSUPPORTED),
    ]
    assert {(row.m, row.n, row.k) for row in rows} == {(32, 64, 128)}
    assert [row.conditions.get("threads") for row in rows] == [1, 1, None]
    assert done.stderr.startswith("cases: 3 on ")
    assert "about " in done.stderr


def test_devices_and_kernels_are_json_lines_with_a_reason_for_every_kernel_that_cannot_run():
    devices = [json.loads(line) for line in command("devices").stdout.splitlines()]
    assert devices[-1]["id"] == "cpu"
    listed = [json.loads(line) for line in command("kernels").stdout.splitlines()]
    assert {row["kernel"] for row in listed} == set(KERNELS)
    assert len(listed) == len(KERNELS) * len(devices)
    on_cpu = {row["kernel"]: row["why_not"] for row in listed if row["device_id"] == "cpu"}
    assert on_cpu["mm_fp32"] is None
    assert on_cpu["mm_nvfp4"].startswith("torch multiplies NVFP4 on NVIDIA Blackwell only; ")


def test_a_case_that_takes_too_long_is_a_row_and_exit_code_1():
    done = command("run", "--kernels", "mm_fp32", "--shapes", "8,8,8", "--timeout", "0.0001")
    assert done.returncode == 1
    (row,) = (ProbeResult.from_json(line) for line in done.stdout.splitlines())
    assert (row.status, row.detail) == (Status.TIMEOUT, "no result after 0.0001 s; its process was ended")


BAD_CALLS = {
    "run --kernels mm_nvfp8": "unknown kernel 'mm_nvfp8'; did you mean mm_nvfp4",
    "run --kernels ,": "unknown kernel ''; known: mm_bf16",
    "run --shapes 0,8,8": "M is 0 in shapes '0,8,8'; M must be from 1 to 16777216",
    "run --shapes 8,-8,8": "N is -8 in shapes '8,-8,8'; N must be from 1 to",
    "run --shapes 8,8,16777217": "K is 16777217 in shapes",
    "run --shapes 8,8": "shapes '8,8' has 2 numbers; write quick, decode, llm, planner, batch, lookup or three",
    "run --shapes 8,8,8,8": "shapes '8,8,8,8' has 4 numbers",
    "run --shapes big": "shapes 'big' is neither a known set nor three numbers; write quick, decode,",
    "run --shapes 8,8,8.5": "shapes '8,8,8.5' is neither a known set nor three numbers",
    "run --shapes 1e3,8,8": "shapes '1e3,8,8' is neither a known set nor three numbers",
    "run --timeout 0": "--timeout is 0; give seconds from above 0 to a day, such as 60",
    "run --timeout -3": "--timeout is -3; give seconds",
    "run --timeout nan": "--timeout is nan; give seconds",
    "run --timeout 1e9": "--timeout is 1e+09; give seconds",
    "run --threads -1": "--threads is -1; give a number from 1 to 1024, or leave it out",
    "verify --arch sm_42": "unknown architecture 'sm_42'; known: sm_75, sm_80",
    "verify --arch ,": "unknown architecture ''; known: sm_75, sm_80",
}


@pytest.mark.parametrize("call", BAD_CALLS)
def test_a_bad_call_is_a_sentence_and_exit_code_2_before_any_process_starts(call, capsys, monkeypatch):
    monkeypatch.setattr("gpu_probe.__main__.find_devices", lambda: pytest.fail("a device was woken"))
    assert main(call.split()) == 2
    said = capsys.readouterr()
    assert BAD_CALLS[call] in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize("call", ["", "probe", "run --timeout soon", "run --shape 8,8,8 --nonsense", "devices now"])
def test_a_call_that_is_no_call_is_exit_code_2_with_the_usage(call, capsys):
    with pytest.raises(SystemExit) as refused:
        main(call.split())
    assert refused.value.code == 2
    assert "usage: python -m gpu_probe" in capsys.readouterr().err


def test_a_device_that_is_not_here_and_a_shape_beyond_memory_are_said_before_any_kernel_starts():
    done = command("run", "--device", "cuda:99")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "there is no device 'cuda:99' here; known: cpu\n" or "known: cuda:0" in done.stderr
    done = command("run", "--device", "cpu", "--shapes", "16777216,16777216,16777216")
    assert (done.returncode, done.stdout) == (2, "")
    assert "16777216 x 16777216 x 16777216 needs about 1.01e+07 GB while its operands are made" in done.stderr


def test_a_second_probe_at_once_says_so_and_starts_nothing(capsys, monkeypatch):
    monkeypatch.setattr("gpu_probe.__main__.find_devices", lambda: pytest.fail("a device was woken"))
    with one_at_a_time():
        assert main(["run"]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        "a probe is running on this machine; wait for it to end or cancel it there\n",
    )


def test_the_lock_holds_between_processes():
    with one_at_a_time():
        done = command("run", "--kernels", "mm_fp32", "--shapes", "8,8,8")
    assert (done.returncode, done.stdout) == (1, "")
    assert "a probe is running on this machine" in done.stderr


def test_a_reader_that_leaves_early_ends_the_run_without_a_traceback():
    with started("run", "--kernels", "mm_fp32,mm_int8", "--shapes", "64,64,128") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().startswith('{"kernel": "mm_fp32"')
        workers = children(running.pid)
        running.stdout.close()
        assert running.wait(20) == 1
        assert "Traceback" not in running.stderr.read()
    assert workers
    assert all(ends(pid, 1.0) for pid in workers)


def test_an_interrupt_ends_the_worker_at_once_and_is_said():
    with started("run", "--kernels", "mm_fp32", "--shapes", "llm") as running:
        assert running.stderr is not None
        assert running.stderr.readline().startswith("cases: 8 on ")
        while not (workers := children(running.pid)):
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        assert all(ends(pid, 20.0) for pid in workers)  # a busy machine may be slow to tell
        assert running.wait(10) == 1
        assert running.stderr.read() == "interrupted; the child process was ended\n"


LIGHT = """
import runpy, sys
sys.argv = ["gpu_probe", *{arguments}]
try:
    runpy.run_module("gpu_probe", run_name="__main__")
except SystemExit as end:
    assert end.code in (0, 2), end.code
heavy = {{"torch", "numpy", "pandas", "streamlit", "duckdb"}} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["run", "--shapes", "0,0,0"]])
def test_help_and_refusals_load_no_torch(arguments):
    subprocess.run([sys.executable, "-c", LIGHT.format(arguments=arguments)], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("module", ["gpu_probe", "gpu_probe.worker", "gpu_probe.job", "gpu_probe.verify"])
def test_importing_loads_no_torch(module):
    program = f"import sys, {module}; assert not {{'torch', 'streamlit', 'duckdb'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_help_names_every_kernel_and_every_set_of_shapes():
    said = " ".join(command("run", "--help").stdout.split())
    assert [name for name in KERNELS if name not in said] == []
    assert [known.about for known in SHAPE_SETS.values() if known.about not in said] == []


@pytest.mark.parametrize("text", ["32,64,128", "32x64x128", " 32 , 64,128 "])
def test_a_shape_is_three_numbers(text):
    assert parse_shapes(text, "cpu") == (Shape(32, 64, 128),)


def test_named_shapes_are_larger_on_an_accelerator_and_those_of_the_model_they_claim():
    assert max(shape.elements for shape in parse_shapes("quick", "cpu")) < max(
        shape.elements for shape in parse_shapes("quick", "cuda")
    )
    # Llama-3 8B: hidden 4096, 32 heads and 2 x 8 key-value heads of 128, feed-forward 14336 with a gate.
    wanted = {(32 * 128 + 2 * 8 * 128, 4096), (4096, 4096), (2 * 14336, 4096), (4096, 14336)}
    for kind in ("cpu", "cuda"):
        assert {(shape.n, shape.k) for shape in parse_shapes("llm", kind)} == wanted
        assert {shape.m for shape in parse_shapes("llm", kind)} == {32, 2048}


def test_a_shape_fits_when_its_operands_fit_while_they_are_made():
    """2 x 3 + 4 x 3 + 2 x 4 elements of 12 bytes."""
    assert Shape(2, 4, 3).elements == 26
    assert why_too_big(Shape(2, 4, 3), 312) is None
    assert "2 x 4 x 3 needs about 3.12e-07 GB" in str(why_too_big(Shape(2, 4, 3), 311))
    assert why_too_big(Shape(2, 4, 3), 0) is None  # a device that does not say its memory
