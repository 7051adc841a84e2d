"""Whatever a kernel does to its process, the parent gets a result for it and goes on with the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_probe import worker
from gpu_probe.events import MARK, POISONED, Case, Order
from gpu_probe.job import start_job
from gpu_probe.lock import Busy, one_at_a_time
from gpu_probe.recorded import recorded
from gpu_probe.result import Status
from gpu_probe.runner import Settings, _State, run_cases
from gpu_probe.shapes import Shape

ROOT = Path(__file__).parents[2]


def alive(pid: int) -> bool:
    """True while a process runs; a zombie that nobody has collected yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def gone(pid: int) -> bool:
    """True once a process that was killed has ended; waits for it."""
    for _ in range(100):
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


# In an order in which workers that die one after the other have not loaded torch.
ENDS = {
    "raise": (Status.FAILED, "RuntimeError: the library said no"),
    "unfit": (Status.OK, "native: ran"),
    "wrong": (Status.WRONG, "element (7, 15) is"),
    "stale": (Status.WRONG, "element (0, 0) is nan"),
    "memory": (Status.FAILED, "MemoryError: cannot allocate 1 TB"),
    "refuse": (Status.UNSUPPORTED, "CUBLAS_STATUS_NOT_SUPPORTED"),
    "noise": (Status.OK, "native: ran"),
    "babble": (Status.OK, "native: ran"),
    "segfault": (Status.FAILED, "died of signal 11 (SIGSEGV)"),
    "leave": (Status.FAILED, "ended early with exit code 0"),
    "killed": (Status.FAILED, "died of signal 9 (SIGKILL); the system kills a process that takes too much memory"),
    "lie": (Status.FAILED, "makes no sense and was ended: a row of mm_nvfp4, 8 x 16 x 32, was not asked for"),
}


def test_every_way_to_fail_is_a_result_and_the_next_kernel_still_runs(misbehaving):
    names = [*ENDS, "good"]
    names.insert(2, "good")
    cases, settings = misbehaving(*names)
    told = []
    results = list(run_cases(cases, settings, on_phase=lambda index, phase: told.append((index, phase))))
    assert [result.kernel for result in results] == names
    assert sorted({index for index, phase in told if phase == "checking"}) == list(range(len(names)))
    assert {names[index] for index, phase in told if phase == "timing"} == {"good", "noise", "babble", "unfit"}
    for result in results:
        status, words = ENDS.get(result.kernel, (Status.OK, "native: ran"))
        assert result.status is status, result
        assert words in result.detail, result
        assert (result.p50_us is None) == (status is not Status.OK)
        assert result.device == results[0].device != ""
    assert len({result.run_id for result in results}) == 1
    # The same seed gives the same data in every worker that replaced another.
    assert len({(result.seed, result.relative_error) for result in results if result.kernel == "good"}) == 1


ROW = {"kernel": "mm_fp32", "format": "fp32", "m": 8, "n": 8, "k": 8, "device": "", "status": "OK", "detail": ""}
TIMES = {"p20_us": 1.0, "p50_us": 2.0, "p80_us": 3.0}
NONSENSE = {
    "a row of another shape": {MARK: "row", "row": ROW | TIMES | {"m": 9}},
    "a row of another kernel": {MARK: "row", "row": ROW | TIMES | {"kernel": "mm_bf16"}},
    "times that do not rise": {MARK: "row", "row": ROW | TIMES | {"p50_us": 4.0}},
    "a time that is text": {MARK: "row", "row": ROW | TIMES | {"p20_us": "fast"}},
    "a time beyond all numbers": {MARK: "row", "row": ROW | TIMES | {"p80_us": 10**400}},
    "no times": {MARK: "row", "row": ROW},
    "an unknown status": {MARK: "row", "row": ROW | {"status": "DONE"}},
    "versions that are no table": {MARK: "row", "row": ROW | TIMES | {"versions": 2}},
    "a row that is a number": {MARK: "row", "row": 5},
    "no row": {MARK: "row"},
    "a phase without a name": {MARK: "case"},
    "an unknown event": {MARK: "victory"},
    "a device that is text": {MARK: "start", "device": "cpu"},
    "a device without a name": {MARK: "start", "device": {"id": "cpu", "features": []}},
}


@pytest.mark.parametrize("what", NONSENSE)
def test_what_makes_no_sense_is_refused_and_takes_no_case(what):
    state = _State([Case("mm_fp32", Shape(8, 8, 8))], Settings(), lambda *told: None, threading.Event())
    with pytest.raises(ValueError):
        state.heard(NONSENSE[what])
    assert (state.done, state.started) == (0, False)
    assert state.heard({MARK: "row", "row": ROW | TIMES}).run_id == state.run_id


def test_the_clock_of_a_case_starts_once_whatever_its_worker_says():
    state = _State([Case("mm_fp32", Shape(8, 8, 8))], Settings(timeout_s=5), lambda *told: None, threading.Event())
    state.heard({MARK: "case", "phase": "checking"})
    deadline = state.deadline
    for phase in ("checking", "timing", "resting"):
        state.heard({MARK: "case", "phase": phase})
    assert state.deadline == deadline


def test_a_worker_leaves_after_a_device_error_because_its_context_is_unfit(monkeypatch):
    """On a GPU that this torch cannot reach, the first case fails; the second must wait for a new process."""
    monkeypatch.setattr(worker, "find_devices", lambda: [recorded("sm_90")])
    monkeypatch.setattr("torch.randn", lambda *sizes, **facts: (_ for _ in ()).throw(RuntimeError("CUDA error: 700")))
    said = []
    case = Case("mm_fp32", Shape(8, 8, 8))
    code = worker.run_order(Order("cuda:0", (case, case), 0.01, 1), lambda name, **facts: said.append((name, facts)))
    assert code == POISONED
    assert [name for name, _ in said] == ["start", "case", "row"]
    assert said[-1][1]["row"]["status"] == "FAILED"


def test_data_are_fresh_when_no_seed_is_asked_for():
    first, second = (Order.from_json(_State([], Settings(), print, threading.Event()).order()) for _ in range(2))
    assert first.seed != second.seed


def test_a_kernel_that_hangs_times_out_and_takes_its_children_with_it(misbehaving, tmp_path):
    cases, settings = misbehaving("hang_deaf", "refuse", timeout_s=4)
    hung, refused = run_cases(cases, settings)
    assert hung.status is Status.TIMEOUT, hung
    assert "no result after 4 s" in hung.detail
    assert refused.status is Status.UNSUPPORTED, refused
    assert gone(int((tmp_path / "grandchild").read_text()))


def test_a_worker_that_closes_its_output_and_stays_is_ended(misbehaving, monkeypatch):
    monkeypatch.setattr("gpu_probe.child.GRACE_S", 0.2)
    cases, settings = misbehaving("close")
    (result,) = run_cases(cases, settings)
    assert result.status is Status.FAILED
    assert "closed its output and did not end in 0.2 s" in result.detail


def test_a_caller_that_is_slow_to_take_results_does_not_make_them_late(misbehaving):
    cases, settings = misbehaving("refuse", "refuse", timeout_s=3)
    results = run_cases(cases, settings)
    assert next(results).status is Status.UNSUPPORTED
    time.sleep(3.5)
    assert [result.status for result in results] == [Status.UNSUPPORTED]


def hanging(grandchild: Path) -> int:
    """The process that a hanging kernel started, once it has."""
    while not (grandchild.exists() and grandchild.read_text()):
        time.sleep(0.02)
    return int(grandchild.read_text())


def test_cancelling_ends_the_child_within_a_second_and_names_every_case_left(misbehaving, tmp_path):
    cases, settings = misbehaving("refuse", "hang_deaf", "good")
    job = start_job(cases, settings)
    grandchild = hanging(tmp_path / "grandchild")
    assert job.running
    while job.phases[1] == "waiting":  # what the child said is on its way
        time.sleep(0.02)
    assert job.phases == ["done", "checking", "waiting"]
    begin = time.monotonic()
    job.cancel()
    job.wait()
    assert gone(grandchild)
    assert time.monotonic() - begin < 1
    assert (job.running, job.cancelled, job.problem) == (False, True, "")
    assert [result.status for result in job.results] == [Status.UNSUPPORTED, Status.CANCELLED, Status.CANCELLED]
    assert {result.detail for result in job.results[1:]} == {"cancelled before it was timed"}


def test_leaving_the_results_early_ends_the_child(misbehaving, tmp_path):
    cases, settings = misbehaving("refuse", "hang_deaf")
    results = run_cases(cases, settings)
    assert next(results).status is Status.UNSUPPORTED
    grandchild = hanging(tmp_path / "grandchild")
    results.close()
    assert gone(grandchild)


def test_a_child_does_not_outlive_a_parent_that_is_killed(misbehaving, tmp_path):
    cases, settings = misbehaving("hang_deaf")
    program = (
        "from gpu_probe.runner import Settings, run_cases; from gpu_probe.events import Case; "
        "from gpu_probe.shapes import Shape; "
        f"cases = [Case('hang_deaf', Shape{tuple(cases[0].shape)})]; "
        f"list(run_cases(cases, Settings(kernel_modules={settings.kernel_modules})))"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    grandchild = hanging(tmp_path / "grandchild")
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert gone(grandchild)


def test_a_device_that_is_not_there_is_a_failed_result_with_the_reason(misbehaving):
    cases, settings = misbehaving("good")
    (result,) = run_cases(cases, replace(settings, device="cuda:99"))
    assert result.status is Status.FAILED
    assert "there is no device 'cuda:99' here" in result.detail


def test_a_worker_that_cannot_start_fails_every_case_with_its_last_words(misbehaving):
    cases, _ = misbehaving("good", "good")
    broken = Settings(kernel_modules=("no_such_module",))
    results = list(run_cases(cases, broken))
    assert [result.status for result in results] == [Status.FAILED] * 2
    assert "No module named 'no_such_module'" in results[0].detail


def test_a_worker_that_never_starts_times_out_once_for_all_cases():
    results = list(run_cases([Case("mm_fp32", Shape(8, 8, 8))] * 3, Settings(startup_s=0.0)))
    assert [result.status for result in results] == [Status.TIMEOUT] * 3
    assert results[2].detail == "the worker did not start within 0 s; is a driver hanging?"


def test_the_parent_of_a_run_never_imports_torch():
    program = (
        "import sys; from gpu_probe.job import start_job; from gpu_probe.runner import Settings, find_devices; "
        "from gpu_probe.events import Case; from gpu_probe.shapes import Shape; "
        "assert find_devices()[-1].kind == 'cpu'; "
        "job = start_job([Case('mm_fp32', Shape(8, 8, 8))], Settings(budget_s=0.01)); job.wait(); "
        "assert job.results[0].status == 'OK', job; "
        "loaded = {'torch', 'streamlit', 'duckdb'} & set(sys.modules); assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_a_second_job_on_the_machine_is_refused_with_a_sentence(misbehaving):
    cases, settings = misbehaving("good")
    with one_at_a_time():
        job = start_job(cases, settings)
        job.wait()
    assert "a probe is running on this machine" in job.problem
    assert job.phases == ["waiting"]
    assert job.results == []


@pytest.mark.parametrize("error", [ZeroDivisionError, BlockingIOError])
def test_the_lock_is_free_again_after_an_error_which_stays_what_it_is(error):
    with pytest.raises(error), one_at_a_time():
        raise error
    with one_at_a_time(), pytest.raises(Busy), one_at_a_time():
        pass


def test_a_lock_that_cannot_be_opened_is_a_sentence_with_its_path(tmp_path):
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Busy, match=f"cannot be opened: .*; remove {tmp_path}/lock"), one_at_a_time(tmp_path / "lock"):
        pass


def test_a_job_hands_on_each_result_and_says_when_that_fails(misbehaving):
    cases, settings = misbehaving("refuse", "refuse")

    def refuse(result):
        raise ValueError("the store is full")

    job = start_job(cases, settings, refuse)
    job.wait()
    assert job.problem == "ValueError: the store is full"
    kept = []
    job = start_job(cases, settings, kept.append)
    job.wait()
    assert kept == job.results
    assert job.phases == ["done", "done"]
