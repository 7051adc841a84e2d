"""What docs/formats.md tells of names and versions is so."""

import importlib.metadata
import re
from pathlib import Path

import pytest

from analysis.formats import get_format, get_transform
from analysis.formats.accumulate import ACCUMULATORS
from analysis.formats.dot import ORDERS

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
EXAMPLES = [row.split("|")[-2] for row in TEXT.replace("\\|", "/").splitlines() if row.startswith("| ") and "`" in row]
ROWS = {"formats": EXAMPLES[:5], "transforms": EXAMPLES[5:6]}


@pytest.mark.parametrize(("kind", "find"), [("formats", get_format), ("transforms", get_transform)])
def test_every_example_is_a_name(kind, find):
    names = re.findall(r"`([\w-]+)`", " ".join(ROWS[kind]))
    assert len(names) > 2
    for name in names:
        assert find(name).name == name


@pytest.mark.parametrize("package", ["ml_dtypes", "gfloat", "torchao"])
def test_the_versions_compared_are_the_installed_ones(package):
    pytest.importorskip(package, reason=f"{package} is not installed; the dev group of pyproject.toml has it")
    assert f"| {package} {importlib.metadata.version(package)}" in TEXT


def test_accumulators_and_orders_are_the_ones_there_are():
    arithmetic = TEXT.split("## Arithmetic")[1]
    for name in (*ACCUMULATORS, *ORDERS):
        assert f"`{name}`" in arithmetic
