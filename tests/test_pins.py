"""What is installed is what was locked: every dependency has a version and the hashes of its files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.txt", "gpu_probe/requirements.txt", "tests/requirements.txt")
PIN = re.compile(
    r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+)(?: ; [^\\]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+$", re.MULTILINE
)


def pins(*files: str) -> set[str]:
    """The pins that stand in files of hashed pins, as name==version in lower case with dashes."""
    found = "".join((ROOT / file).read_text(encoding="utf-8") for file in files)
    return {f"{match['name'].replace('_', '-')}=={match['version']}" for match in PIN.finditer(found)}


def wanted(groups: dict[str, list], name: str) -> set[str]:
    """The pins of a dependency group, with those of the groups that it includes."""
    own = {pin.lower().replace("_", "-") for pin in groups[name] if isinstance(pin, str)}
    return own.union(*(wanted(groups, more["include-group"]) for more in groups[name] if not isinstance(more, str)))


@pytest.mark.parametrize("file", LOCKS)
def test_nothing_is_installed_whose_hash_is_not_known(file):
    text = re.sub("^#.*\n", "", (ROOT / file).read_text(encoding="utf-8"))
    assert PIN.sub("", text).strip() == ""


def test_every_dependency_that_the_project_names_is_locked_at_its_version():
    named = wanted({"product": PROJECT["project"]["dependencies"]}, "product") | wanted(
        PROJECT["dependency-groups"], "dev"
    )
    assert not named - pins(*LOCKS), "run make lock"
