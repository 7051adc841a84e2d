"""What the page and docs say of each capability row is what registries, source code and tests say now."""

from __future__ import annotations

import pandas as pd
from coverage_table import COLUMNS, DOCS, EVIDENCE, evidence, markdown, reproduced, table

from analysis.evidence.verdicts import CHECKS
from analysis.trust.capabilities import OPEN, PARTLY, WORKING, coverage
from results_db import Store

ADVICE = "run `make coverage-table` and commit what it writes"


def written() -> pd.DataFrame:
    return pd.read_csv(EVIDENCE, dtype=str, keep_default_na=False)


def test_the_table_of_evidence_is_up_to_date(shipped_store: Store) -> None:
    """Claims that it lacks although they have a check are not reproduced."""
    now = {tuple(row) for row in evidence(set(CHECKS)).to_numpy()}
    then = {tuple(row) for row in written().to_numpy()}
    lacking = {row for row in now - then if row[1] == "claim"}
    assert not reproduced(shipped_store, {key for _, _, key in lacking}), ADVICE
    assert now - lacking == then, f"{ADVICE}: {sorted((now - lacking) ^ then)[:5]}"


def test_the_document_is_up_to_date() -> None:
    assert DOCS.read_text("utf-8") == markdown(written()), ADVICE


def test_every_mark_names_a_row_that_exists() -> None:
    rows = set(table("capabilities")["row_id"])
    found = evidence(set())
    assert set(found[COLUMNS[0]]) <= rows
    tests = found[found["kind"] == "test"]
    assert len(tests) > 20
    assert tests["name"].str.fullmatch(r"tests/[\w/]+\.py::test_\w+").all()


def test_a_row_without_evidence_is_open_and_one_with_a_marked_test_works() -> None:
    rows = coverage(table("capabilities"), written()).set_index("row_id")
    assert set(rows["state"]) <= {WORKING, PARTLY, OPEN}
    assert rows.loc["R73", "state"] == WORKING
    nothing = rows[["implemented", "proved", "reproduced"]].map(len).sum(axis=1) == 0
    assert (nothing == (rows["state"] == OPEN)).all()
