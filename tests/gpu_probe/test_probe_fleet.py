"""A probe of every node of a Ray cluster: with a real head on this machine, and without Ray."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gpu_probe.__main__ import main
from gpu_probe.fleet import probe_node
from gpu_probe.lock import Busy, one_at_a_time

ROOT = Path(__file__).parents[2]
WITHOUT_RAY = importlib.util.find_spec("ray") is None
CALL = ["run", "--kernels", "mm_fp32,quantize_mxfp4", "--shapes", "32,64,128", "--timeout", "120"]


@pytest.mark.skipif(not WITHOUT_RAY, reason="Ray is installed here")
def test_a_cluster_without_ray_installed_is_a_sentence_that_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.7:6379")
    assert main(CALL) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "RAY_ADDRESS is 10.0.0.7:6379 and Ray is not installed; pip install 'ray==" in said.err


def test_a_node_gives_its_rows_with_its_name_and_one_probe_at_a_time():
    rows = probe_node(["mm_fp32"], "8,16,32", 60.0)
    assert {(row["kernel"], row["host"], row["m"]) for row in rows} == {("mm_fp32", socket.gethostname(), 8)}
    with one_at_a_time(), pytest.raises(Busy):
        probe_node(["mm_fp32"], "8,16,32", 60.0)


@pytest.mark.exhaustive
@pytest.mark.skipif(WITHOUT_RAY, reason="Ray is not installed; make cluster brings it")
def test_the_nodes_of_a_real_cluster_are_probed_and_their_rows_are_lines(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "TMPDIR": str(tmp_path)}
    start = ["start", "--head", "--block", f"--port={port}", "--num-cpus=1", "--include-dashboard=false"]
    head = subprocess.Popen(
        [sys.executable, "-m", "ray.scripts.scripts", *start, f"--temp-dir=/tmp/atlas-ray-{port}"],
        env=quiet, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        for line in head.stdout or ():
            if "Ray runtime started" in line:
                break
        done = subprocess.run(
            [sys.executable, "-m", "gpu_probe", *CALL],
            cwd=ROOT, env=quiet | {"RAY_ADDRESS": f"127.0.0.1:{port}"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        os.killpg(head.pid, signal.SIGTERM)
        head.wait(60)
        shutil.rmtree(f"/tmp/atlas-ray-{port}", ignore_errors=True)  # a short path, as Ray's sockets need
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["kernel"], row["status"], row["host"]) for row in rows] == [
        ("mm_fp32", "OK", socket.gethostname()), ("quantize_mxfp4", "OK", socket.gethostname()),
    ]  # fmt: skip
    assert "2 cases" in done.stderr
