"""The page of the sources: each with its license and its rows, and how it and the program are cited."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import attribution, citing
from results_db import Store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def project() -> dict[str, str]:
    """What pyproject.toml says of the program."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_program_is_cited_in_the_version_and_under_the_license_that_it_has(project: dict[str, str]) -> None:
    said = citing.program()
    assert said["cff-version"] == "1.2.0"
    assert said["type"] == "software"
    assert {key: said[key] for key in ("version", "license")} == {key: project[key] for key in ("version", "license")}
    assert said["title"].lower().replace(" ", "-") == project["name"]
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")[:200]
    entry = citing.program_bibtex(said)
    assert entry.startswith("@software{precision_atlas,")
    assert entry.count("{") == entry.count("}")
    for value in (said["version"], said["license"], said["title"], said["name"]):
        assert value in entry


def test_every_field_of_the_citation_file_in_one_line_is_read_and_folded_text_is_not() -> None:
    text = (
        'title: "A & B"\nauthors:\n  - name: The people\nversion: 2.1.0\nabstract: >-\n  of: many\nkeywords:\n  - x\n'
    )
    said = citing.citation_fields(text)
    assert said == {"title": "A & B", "name": "The people", "version": "2.1.0"}
    assert "title = {{A \\& B}}" in citing.program_bibtex(said | {"license": "MIT"})


def test_sources_are_found_by_table_license_and_words_and_cited(shipped_file: Path, own_store_path: Path) -> None:
    shutil.copyfile(shipped_file, own_store_path)
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.query_params |= {
        "attribution.table": "quality",
        "attribution.license": "CC-BY-NC-4.0",
        "attribution.search": "facebook QAT",
        "attribution.source": "quartet_ii_2026",
    }
    at.switch_page("pages/attribution.py").run()
    assert not at.exception
    table = next(frame.value for frame in at.dataframe if "license" in frame.value)
    assert table[["source_id", "license", "n_rows"]].to_numpy().tolist() == [["llm_qat_2023", "CC-BY-NC-4.0", 72]]
    words = "\n".join(str(element.value) for element in (*at.markdown, *at.caption))
    assert f"stands under {citing.program()['license']}" in words
    assert "1 source: CC-BY-NC-4.0 1." in words
    assert "Its repository states no license" in words
    codes = [code.value for code in at.code]
    assert codes[0] == citing.program_bibtex(citing.program())
    assert codes[1].startswith("@misc{quartet_ii_2026,")


def test_the_list_has_every_source_of_a_row_and_adds_up_to_what_the_store_counts(shipped_store: Store) -> None:
    counts, sources = shipped_store.rows_by_source(), shipped_store.table("sources")
    rows = attribution.listed(sources, counts)
    assert set(rows["source_id"]) == set(counts["source_id"])
    assert rows["n_rows"].sum() == counts["n_rows"].sum()
    assert rows["n_rows"].is_monotonic_decreasing
    stored = sources.set_index("source_id")["license"].reindex(rows["source_id"]).to_numpy()
    absent = pd.isna(stored)
    assert (rows["license"][~absent] == stored[~absent]).all()
    assert set(rows["license"][absent]) == {attribution.FACTS, attribution.UNREAD}
    assert not (set(rows["license"][~absent]) & {attribution.FACTS, attribution.UNREAD})
