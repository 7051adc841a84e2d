"""What README and docs say can be done is done: links lead somewhere, commands run, targets exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
COMMAND = re.compile(r"python -m (?:results_db|analysis|gpu_probe) .*")
# What a command needs that is not here -> where it is tested.
ELSEWHERE = {
    "gpu_probe run": "takes minutes; tests/gpu_probe",
    "gpu_probe verify": "takes minutes; tests/gpu_probe",
    "gpu_probe record": "records a probe; tests/gpu_probe",
    "copy-to": "needs a server; tests/results_db/test_shared_copying.py",
    "backup FILE": "names a file by a word; tests/results_db/test_store_backup.py",
    "restore": "names a file by a word; tests/results_db/test_store_backup.py",
}


def blocks(path: Path) -> list[str]:
    """The fenced blocks of a text, without the language they name."""
    return re.findall(r"^```\w*\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(path: Path) -> list[str]:
    """Our commands in the blocks of a text, pipes and continued lines whole."""
    lines = "\n".join(blocks(path)).replace("\\\n", " ").splitlines()
    return [line.partition(" #")[0].strip() for line in lines if line.strip().startswith("python -m ")]


def runnable(path: Path) -> list[str]:
    return [line for line in commands(path) if COMMAND.match(line) and not any(part in line for part in ELSEWHERE)]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_link_within_the_project_leads_somewhere(path):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_target_that_is_named_exists(path):
    targets = set(re.findall(r"^([\w-]+)(?: [\w-]+)*:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"(?:^|`)make ([a-z][\w-]*)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert not set(named) - targets


@pytest.mark.parametrize("path", [path for path in TEXTS if runnable(path)], ids=lambda path: path.name)
def test_the_commands_of_a_text_run_one_after_the_other(path, tmp_path, own_store_path):
    from safetensors.numpy import save_file

    save_file({"w": np.random.default_rng(0).standard_normal((64, 64), np.float32)}, tmp_path / "weights.safetensors")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PRECISION_ATLAS_DB": str(own_store_path)}
    for line in runnable(path):
        script = f"set -euo pipefail\n{line.replace('python -m', f'{shlex.quote(sys.executable)} -m')}"
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stdout or ">" in line, line
