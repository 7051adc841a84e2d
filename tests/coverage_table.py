"""Collects what implements and proves each capability row: `make coverage-table` writes what the page and docs show.

A law, a format or a module implements a row when it names one of the row's sources, by its key or its arXiv
identifier. A test proves a row when it carries `@pytest.mark.row("R05")`, a claim when its number is reproduced: one
that is only consistent with what is computed proves nothing.
"""

from __future__ import annotations

import ast
import csv
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from analysis.evidence.check import Status
from analysis.evidence.facts import TABLES, Facts
from analysis.evidence.verdicts import CHECKS, verdict
from analysis.formats import FORMATS
from analysis.laws import LAWS
from analysis.trust.capabilities import STATES, claims_named, coverage
from results_db import Store

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "results_db" / "data"
EVIDENCE = DATA / "row_evidence.csv"
DOCS = ROOT / "docs" / "coverage.md"
ROOMS = ("analysis", "gpu_probe", "pages")
ELSEWHERE = ("analysis/laws/", "analysis/evidence/")  # counted as laws and as checks of claims
COLUMNS = ["row_id", "kind", "name"]
WORDS = re.compile(r"\d{4}\.\d{4,5}|\w+")  # arXiv identifiers, and keys among other words


def table(name: str) -> pd.DataFrame:
    """A shipped table as text."""
    return pd.read_csv(DATA / f"{name}.csv", dtype=str, keep_default_na=False)


def implementing() -> Iterator[tuple[str, str, str]]:
    """(source, kind, name) of every law, format and module that names a source."""
    sources = table("sources")
    by_arxiv = {row.arxiv_id: row.source_id for row in sources.itertuples() if row.arxiv_id}
    known = {key: key for key in sources["source_id"]} | by_arxiv

    def named(text: str) -> set[str]:
        return {known[word] for word in set(WORDS.findall(text)) & known.keys()}

    for law in LAWS.values():
        yield law.source_id, "law", law.name
    for fmt in FORMATS.values():
        yield from ((source, "format", fmt.name) for source in named(fmt.source))
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            if not place.startswith(ELSEWHERE):
                yield from ((source, "module", place) for source in named(path.read_text("utf-8")))


def proving() -> Iterator[tuple[str, str, str]]:
    """(row, "test", name) of every test that is marked as proof of a row."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text("utf-8")
        if "mark.row(" in text:
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef):
                    name = f"{path.relative_to(ROOT).as_posix()}::{node.name}"
                    yield from ((row, "test", name) for row in _marks(node))


def _marks(function: ast.FunctionDef) -> set[str]:
    calls = [inner for mark in function.decorator_list for inner in ast.walk(mark) if isinstance(inner, ast.Call)]
    own = [call for call in calls if ast.unparse(call.func) == "pytest.mark.row"]
    return {argument.value for call in own for argument in call.args if isinstance(argument, ast.Constant)}


def reproduced(store: Store, claims: Iterable[str]) -> set[str]:
    """Those of the claims whose number the shipped rows and this program give."""
    facts = Facts({name: store.table(name) for name in TABLES})
    return {key for key in claims if verdict(facts.claim(key), facts)["status"] == Status.REPRODUCED.name}


def evidence(given: set[str]) -> pd.DataFrame:
    """Every row of row_evidence.csv; `given` are the claims that are reproduced."""
    by_source: dict[str, set[tuple[str, str]]] = {}
    for source, kind, name in implementing():
        by_source.setdefault(source, set()).add((kind, name))
    rows = set(proving())
    for row in table("capabilities").itertuples():
        rows |= {(row.row_id, *found) for source in row.sources.split() for found in by_source.get(source, ())}
        rows |= {(row.row_id, "claim", key) for key in claims_named(row.acceptance) if key in given}
    return pd.DataFrame(sorted(rows), columns=COLUMNS)


def markdown(found: pd.DataFrame) -> str:
    """docs/coverage.md."""
    rows = coverage(table("capabilities"), found)
    counts = rows["state"].value_counts()
    lines = [
        "# What the reading list asks for, and what answers it",
        "",
        "Written by `make coverage-table` from the registries of laws, formats and claim checks, from the source code "
        "and from the marks of tests; nothing here is typed in. The examples stand on the page Literature, tab "
        "Coverage.",
        "",
        *(f"- **{counts.get(state, 0)} {state}**: {meaning}." for state, meaning in STATES.items()),
    ]
    for topic, own in rows.groupby("topic", sort=False):
        lines += ["", f"## {topic}", "", "| row | capability | state | implemented by | proved by |"]
        lines += ["| --- | --- | --- | --- | --- |", *(_line(row) for row in own.to_dict("records"))]
    return "\n".join(lines) + "\n"


def _line(row: dict) -> str:
    tests = "<br>".join(f"`{name.rpartition('::')[2]}`" for name in row["proved"])
    claims = f"{len(row['reproduced'])} of {len(row['claims'])} claims" if row["claims"] else ""
    made = ", ".join(name.rpartition("/")[2].removesuffix(".py") for name in row["implemented"])
    proof = "<br>".join(part for part in (tests, claims if row["reproduced"] else "") if part)
    return f"| {row['row_id']} | {row['capability']} | {row['state']} | {made} | {proof} |"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "shipped.duckdb") as store:
        found = evidence(reproduced(store, CHECKS))
    found.to_csv(EVIDENCE, index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    DOCS.write_text(markdown(found), encoding="utf-8")
    print(f"{len(found)} rows in {EVIDENCE.relative_to(ROOT)}; {DOCS.relative_to(ROOT)} written")


if __name__ == "__main__":
    main()
