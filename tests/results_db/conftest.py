"""What the tests of the store share: the command line, other processes, valid rows, the published tables."""

from __future__ import annotations

import functools
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from results_db import Store
from results_db.__main__ import main
from results_db.shipped import SHIPPED, data_files

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT.parent / "shared" / "published"
NOBODY = 65534


@dataclass(frozen=True)
class Answer:
    """What a command left: its exit code, stdout (data) and stderr (messages)."""

    code: int
    data: bytes
    err: str

    @property
    def out(self) -> str:
        return self.data.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@pytest.fixture
def command(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Runs `python -m results_db` with these arguments in this process, against this test's own store."""

    def run(*arguments: object, stdin: bytes = b"") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfdbinary.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stopped:  # argparse ends a bad call by itself
            code = int(str(stopped.code))
        out, err = capfdbinary.readouterr()
        return Answer(code, out, err.decode())

    return run


@pytest.fixture
def process() -> Callable[..., subprocess.Popen[str]]:
    """Starts another Python process on this test's store; the code it runs is given."""

    def start(code: str, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def published() -> Path:
    """The tables that the shipped data were transcribed from."""
    if not PUBLISHED.is_dir():
        pytest.skip(f"the tables that the data were transcribed from are not at hand ({PUBLISHED})")
    return PUBLISHED


def text_table(path: Path) -> pd.DataFrame:
    """A table as its file spells it: every cell a text, "" where there is none."""
    if path.suffix == ".parquet":
        return duckdb.read_parquet(str(path)).df().fillna("")
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@pytest.fixture(scope="session")
def shipped_text() -> Callable[[str], pd.DataFrame]:
    """A shipped table as its files spell it, the files in the order of their names."""

    @functools.cache
    def read(table: str) -> pd.DataFrame:
        files = [text_table(Path(str(file))) for file in data_files(SHIPPED[table][0])]
        return pd.concat(files, ignore_index=True).fillna("")  # a file has only the columns that its source fills

    return lambda table: read(table).copy()


@pytest.fixture(scope="session")
def facts(shipped_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One open store with the shipped data for all tests that only read it."""
    path = tmp_path_factory.mktemp("facts") / "atlas.duckdb"
    shutil.copyfile(shipped_file, path)
    with Store.open(path) as store:
        yield store


@pytest.fixture
def published_text(published: Path) -> Callable[[str], pd.DataFrame]:
    """One of the tables that the shipped data were transcribed from, as its file spells it."""
    return lambda name: text_table(published / f"{name}.csv")


@pytest.fixture
def unprivileged() -> Callable[[], AbstractContextManager[None]]:
    """A block without the right to ignore permissions, which an administrator has."""

    @contextmanager
    def block() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)

    return block


@pytest.fixture
def valid_rows() -> dict[str, dict[str, Any]]:
    """One row per table of the first schema version that every constraint accepts."""
    where = {"source_id": "s", "locator": "table 1"}
    return {
        "sources": {"source_id": "s", "title": "A paper", "year": 2025},
        "datasets": {
            "dataset_id": "upload_1", "name": "mine", "file_name": "mine.csv", "sha256": "0" * 64, "kind": "runs",
            "n_rows": 1, "imported_at": datetime(2026, 1, 2, 3, 4, 5), "origin": "uploaded",
        },
        "runs": where | {"run_id": "001", "n_params": 3e7, "n_tokens": 3e9, "loss": 3.2, "origin": "published"},
        "methods": where | {"method": "bf16", "role": "both", "label": "baseline"},
        "law_coefficients": where | {
            "rank": 1, "law": "chinchilla", "variant": "v", "symbol": "E", "value": 1.8, "evidence": "primary",
        },
        "throughput": where | {"device": "d", "kernel": "k", "format": "mxfp4", "metric": "speedup", "value": 2.0},
        "devices": where | {"device": "d", "vendor": "v", "evidence": "primary"},
        "models": where | {"model": "m", "family": "f", "params_total_b": 1.0, "params_active_b": 1.0},
        "probe_results": {"result_id": "r", "kernel": "k", "status": "OK", "origin": "measured"},
    }  # fmt: skip
