"""The capability rows and the glossary that ship: as their list has them, and leading to sources and claims."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from analysis.formats import FORMATS
from analysis.formats.families import FAMILIES, family
from analysis.trust.capabilities import OPEN, PARTLY, WORKING, claims_named, coverage
from results_db import Store, meanings

LIST = Path(__file__).parents[3] / "shared" / "capabilities.md"


def test_the_rows_are_those_of_the_list(facts: Store) -> None:
    if not LIST.is_file():
        pytest.skip(f"the list that the rows were transcribed from is not at hand ({LIST})")
    printed = [line.strip().strip("|").split(" | ") for line in LIST.read_text("utf-8").splitlines()]
    printed = [[cell.strip() for cell in cells] for cells in printed if re.fullmatch(r" ?R\d\d ?", cells[0])]
    rows = facts.table("capabilities")
    assert len(printed) == len(rows) == 73
    for cells, row in zip(printed, rows.itertuples(), strict=True):
        assert cells[:3] == [row.row_id, row.capability, row.shows]
        assert cells[3].split(", ") == row.sources.split()
        assert cells[4] == row.acceptance


def test_every_source_and_every_claim_that_a_row_names_is_in_the_store(facts: Store) -> None:
    sources, claims = set(facts.table("sources")["source_id"]), set(facts.table("claims")["claim_id"])
    for row in facts.table("capabilities").itertuples():
        assert set(row.sources.split()) <= sources, row.row_id
        assert set(claims_named(row.acceptance)) <= claims, row.row_id


def test_claims_are_read_from_the_words_of_an_example() -> None:
    text = "two (a_2024-01..03), 1 + 2^-12, (b_law_2025-02, -04) and 18.02 - 2.26; (-06)"
    assert claims_named(text) == [
        "a_2024-01",
        "a_2024-02",
        "a_2024-03",
        "b_law_2025-02",
        "b_law_2025-04",
        "b_law_2025-06",
    ]
    assert claims_named("no number in the abstract: -3.1 points") == []


def test_a_row_works_only_when_its_whole_example_is_proved() -> None:
    rows = pd.DataFrame(
        [
            {"row_id": "tested", "acceptance": "(a_2024-01, -02)"},
            {"row_id": "reproduced", "acceptance": "(a_2024-01)"},
            {"row_id": "half reproduced", "acceptance": "(a_2024-01, -02)"},
            {"row_id": "only made", "acceptance": "own check"},
            {"row_id": "nothing", "acceptance": "own check"},
        ]
    )
    evidence = pd.DataFrame(
        [
            ("tested", "test", "t"), ("reproduced", "claim", "a_2024-01"), ("half reproduced", "claim", "a_2024-01"),
            ("half reproduced", "module", "m"), ("only made", "law", "l"),
        ],
        columns=["row_id", "kind", "name"],
    )  # fmt: skip
    found = coverage(rows, evidence).set_index("row_id")
    assert list(found["state"]) == [WORKING, WORKING, PARTLY, PARTLY, OPEN]
    assert found.loc["half reproduced", "claims"] == ["a_2024-01", "a_2024-02"]
    assert found.loc["half reproduced", "implemented"] == ["m"]


def test_every_word_has_one_meaning_and_can_be_found_by_its_other_names(facts: Store) -> None:
    glossary = facts.table("glossary")
    assert (glossary["meaning"].str.len().between(30, 260)).all()
    names = [name.lower() for row in glossary.itertuples() for name in (row.term, *str(row.also or "").split("; "))]
    assert set(glossary["term"].str.lower()) <= set(meanings())
    assert meanings()["log-huber"] == meanings()["huber loss on logs"]
    again = {name for name in names if name not in ("nan", "none", "") and names.count(name) > 1}
    assert not again


def test_training_formats_are_of_three_groups_and_every_format_is_in_one(facts: Store) -> None:
    groups = {name: family(fmt) for name, fmt in FORMATS.items()}
    assert set(groups.values()) == set(FAMILIES) <= set(facts.table("glossary")["term"])
    expected = {
        **dict.fromkeys(("int8", "int4_g128", "ternary", "dfp8", "int8_row_zp"), "fixed-point and integer"),
        **dict.fromkeys(("bf16", "fp16", "e4m3", "e5m2", "e4m3_tensor"), "floating-point"),
        **dict.fromkeys(("mxfp4", "mxint8", "bfp8", "posit8", "nf4", "pot4", "nvfp4"), "custom"),
    }  # as the survey's list of papers has them: MX, Flexpoint and posits are custom, dynamic fixed point is not
    assert {name: groups[name] for name in expected} == expected
