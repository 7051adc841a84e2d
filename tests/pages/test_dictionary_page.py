"""The data dictionary: every column of every table can be looked up, found by its words, and downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import dictionary
from results_db import Store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def opened(own_store_path: Path, shipped_file: Path) -> Callable[..., AppTest]:
    """The page on a shipped store, with what stands in its address."""

    def open_page(**query: str) -> AppTest:
        shutil.copyfile(shipped_file, own_store_path)
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        for name, value in query.items():
            at.query_params[f"dictionary.{name}"] = value
        at.switch_page("pages/dictionary.py").run()
        assert not at.exception
        return at

    return open_page


def table_with(at: AppTest, column: str):
    """The first table of the page that has this column."""
    return next(table.value for table in at.dataframe if column in table.value)


def test_the_page_opens_with_the_runs_their_units_their_cautions_and_their_first_rows(opened: Callable) -> None:
    at = opened()
    assert at.selectbox(key="dictionary.table").value == "runs"
    columns = table_with(at, "unit").set_index("column")
    assert columns.loc["loss", "unit"] == "nats per token"
    assert columns.loc["n_params", "type"] == "number"
    assert "two_decimals" in set(table_with(at, "code")["code"])
    assert len(table_with(at, "run_id")) == dictionary.SHOWN


def test_every_table_of_the_store_can_be_looked_up(opened: Callable, shipped_store: Store) -> None:
    at = opened()
    described = shipped_store.describe()
    tables = shipped_store.tables().set_index("table")
    assert len(at.selectbox(key="dictionary.table").options) == len(tables)
    for name in tables.index:
        at.selectbox(key="dictionary.table").set_value(name).run()
        assert not at.exception, name
        assert list(table_with(at, "unit")["column"]) == list(described[described["table"] == name]["column"])
        words = "\n".join(caption.value for caption in at.caption)
        assert f"{tables['rows'][name]:,} rows" in words or "empty" in words


def test_an_address_names_a_table_whatever_its_number_of_rows(opened: Callable, shipped_store: Store) -> None:
    at = opened(table="quality")
    assert at.selectbox(key="dictionary.table").value == "quality"
    assert at.query_params["dictionary.table"] == "quality"
    listed = table_with(at, "rows").set_index("table")["rows"]
    assert listed.to_dict() == shipped_store.status()["rows"]


def test_a_column_is_found_by_the_words_of_its_name_or_meaning(opened: Callable) -> None:
    found = table_with(opened(find="BANDWIDTH gb"), "unit")
    assert list(found["table"]) == ["devices"]
    assert list(found["column"]) == ["bandwidth_gb_s"]


def test_words_that_no_column_has_get_a_sentence(opened: Callable) -> None:
    at = opened(find="<b>flux</b>")
    assert at.info[0].value == "No column has all of these words in its name or meaning."
    assert [list(table.value) for table in at.dataframe] == [["table", "meaning", "rows"]]


def test_units_are_the_words_in_brackets_of_the_comments(shipped_store: Store) -> None:
    columns = dictionary.readable_columns(shipped_store.describe())
    assert columns["meaning"].str.len().min() > 3
    measured = columns[columns["column"].str.endswith(("_us", "_w", "_gb_s", "_tflops"))]
    assert (measured["unit"] != "").all(), measured[measured["unit"] == ""]
