"""Jobs of the pages: they tell how far they are, end when cancelled, survive dead processes, and are shared."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from analysis.laws import LAWS
from pages.ui.jobs import CANCELLED, DONE, FAILED, RUNNING, WAITING, Board, Job, digest

LIMIT_S = 60


@pytest.fixture
def board() -> Iterator[Board]:
    made = Board(places=1)
    yield made
    made.close()


def counted(total: int, seconds: float, on_progress) -> int:
    """Takes a while and says how far it is."""
    for done in range(total):
        on_progress(f"number {done}", done / total)
        time.sleep(seconds)
    return total


def until(job: Job, state: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while job.state != state and time.monotonic() < deadline:
        time.sleep(0.01)
    assert job.state == state, (job.state, job.problem)


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """The worker imports the functions of this file by name."""
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(__file__))


def test_a_job_gives_its_result_and_is_not_computed_twice(board):
    job = board.start("ten", math.factorial, 10)
    assert job.wait(LIMIT_S)
    assert (job.state, job.result) == (DONE, 3628800)
    assert board.start("ten", math.factorial, 10) is job
    assert board.start("eleven", math.factorial, 11) is not job


def test_a_job_tells_how_far_it_is(board):
    job = board.start("counting", counted, 5, 0.02)
    seen = set()
    while job.running:
        seen.add((job.stage, job.share))
        time.sleep(0.005)
    assert job.result == 5
    assert ("number 4", 0.8) in seen


def test_a_cancelled_job_ends_at_once_and_its_process_is_gone(board):
    job = board.start("sleeping", time.sleep, 300)
    until(job, RUNNING)
    deadline = time.monotonic() + LIMIT_S
    while job._worker is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process = job._worker.process
    began = time.monotonic()
    job.cancel()
    assert job.state == CANCELLED
    assert time.monotonic() - began < 1
    assert process.wait(10) != 0
    again = board.start("ten", math.factorial, 10)
    assert again.wait(LIMIT_S)
    assert again.result == 3628800


def test_a_job_cancelled_while_it_waits_never_runs(board):
    first = board.start("sleeping", time.sleep, 300)
    until(first, RUNNING)
    second = board.start("ten", math.factorial, 10)
    assert second.state == WAITING
    second.cancel()
    first.cancel()
    third = board.start("ten", math.factorial, 10)
    assert third is not second
    assert third.wait(LIMIT_S)
    assert second.result is None


def test_a_sentence_of_the_function_is_the_problem(board):
    job = board.start("wrong", math.factorial, -1)
    assert job.wait(LIMIT_S)
    assert (job.state, job.problem) == (FAILED, "factorial() not defined for negative values")
    board.forget(job)
    assert board.start("wrong", math.factorial, -1) is not job


def test_a_process_that_dies_is_a_problem_and_the_next_job_has_a_new_one(board):
    job = board.start("dying", os._exit, 3)
    assert job.wait(LIMIT_S)
    assert job.state == FAILED
    assert "try again" in job.problem
    after = board.start("ten", math.factorial, 10)
    assert after.wait(LIMIT_S)
    assert after.result == 3628800


def test_a_result_that_cannot_travel_is_a_problem(board):
    job = board.start("pipe", open, os.devnull)
    assert job.wait(LIMIT_S)
    assert job.state == FAILED
    assert "cannot leave its process" in job.problem


def test_what_a_function_prints_does_not_disturb_its_reply(board):
    job = board.start("printing", print, "hello")
    assert job.wait(LIMIT_S)
    assert job.state == DONE


def test_keys_follow_content_not_identity():
    runs = pd.DataFrame({"n_params": [1.0, 2.0], "name": ["a", None]})
    same = runs.copy()
    assert digest(len, (runs,), {}) == digest(len, (same,), {})
    assert digest(len, (runs,), {}) != digest(len, (runs.assign(n_params=[1.0, 3.0]),), {})
    assert digest(len, (runs,), {}) != digest(len, (runs.rename(columns={"name": "other"}),), {})
    assert digest(np.arange(4)) != digest(np.arange(4).reshape(2, 2))
    assert digest({"a": 1}) != digest({"a": 2})


@pytest.mark.parametrize("name", LAWS)
def test_a_law_travels_between_processes(name):
    import pickle

    law = pickle.loads(pickle.dumps(LAWS[name]))
    assert law.name == name
    assert law.predict is LAWS[name].predict
