"""One query in a process of its own: started, fed, listened to, and killed when its time is up."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa

CHILD = Path(__file__).with_name("child.py")
SECONDS = 10


@dataclass(frozen=True)
class Answer:
    """The rows that a query gave, or the `problem` why it gave none, and how long it took [s].

    `is_cut` is true when there are more rows than were asked for; `as_of` is when the tables were copied [UTC].
    """

    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    problem: str = ""
    is_cut: bool = False
    seconds: float = 0.0
    as_of: datetime | None = None


def ask(file: Path, sql: str, rows: int, seconds: int = SECONDS) -> Answer:
    """The answer to `sql` from the tables of a DuckDB file, at most `rows` rows of it."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-I", str(CHILD)],
        cwd=file.parent,
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    whole = sql.encode(errors="replace").decode()  # half a character is no text for anybody
    asked = json.dumps({"file": file.name, "sql": whole, "rows": rows, "seconds": seconds})
    try:
        said, _ = process.communicate(asked.encode(), timeout=seconds)
    except subprocess.TimeoutExpired:
        problem = f"the query was stopped after {seconds} s; ask for fewer rows, or join on keys"
        return Answer(problem=problem, seconds=time.monotonic() - began)
    finally:
        process.kill()
        process.wait()
    took = time.monotonic() - began
    if process.returncode == 0:
        table = pa.ipc.open_stream(said).read_all()
        return Answer(table.to_pandas(), "", bool((table.schema.metadata or {}).get(b"cut")), took)
    if process.returncode == 2:
        return Answer(problem=said.decode(errors="replace"), seconds=took)
    return Answer(problem="the query ended its process: it needs more memory or time than is allowed", seconds=took)
