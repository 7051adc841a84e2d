"""The SQL page as its user meets it: examples, a query of one's own, a figure of the answer, refusals in words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.figures_sql import answer_figure
from pages.ui.queries import EXAMPLES, column_list, first_choice, numeric
from results_db import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def opened(own_store_path: Path, shipped_file: Path, empty_file: Path) -> Callable[..., AppTest]:
    """A maker of the page on this test's own store."""

    def open_page(template: Path | None = None, **query: str) -> AppTest:
        shutil.copyfile(template or shipped_file, own_store_path)
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        for name, value in query.items():
            at.query_params[name] = value
        at.switch_page("pages/sql.py").run()
        assert not at.exception
        return at

    return open_page


def answered(at: AppTest) -> pd.DataFrame:
    return at.dataframe[-1].value


def test_the_page_opens_with_an_answer_its_figure_and_the_columns_of_runs(opened: Callable[..., AppTest]) -> None:
    at = opened()
    assert not at.error
    assert {"tokens_per_parameter", "loss", "source_id"} <= set(answered(at))
    figure = json.loads(at.get("plotly_chart")[0].proto.spec)
    assert figure["layout"]["xaxis"]["type"] == "log"
    assert any("`n_params` double  \nmodel parameters N [count]" in text.value for text in at.markdown)
    assert any(f"{len(answered(at)):,} rows in" in text.value for text in at.caption)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_every_example_has_an_answer_that_can_be_drawn(example, shipped_store: Store) -> None:
    answer = shipped_store.ask(example.sql)
    assert (answer.problem, answer.is_cut) == ("", False)
    assert len(answer.rows) >= 5
    x, y, color = first_choice(answer.rows, example.sql)
    assert {x, y, color} - {""} <= set(answer.rows)
    if example.y:
        assert y in numeric(answer.rows)
        drawn = sum(len(trace.x) for trace in answer_figure(answer.rows, x, y, color).data)
        assert drawn == len(answer.rows)


def test_a_query_in_the_address_is_asked_and_drawn(opened: Callable[..., AppTest]) -> None:
    query = "SELECT source_id, count(*) AS n FROM runs GROUP BY ALL ORDER BY n"
    at = opened(**{"sql.query.0": query})
    assert at.text_area[0].value == query
    assert list(answered(at)) == ["source_id", "n"]
    (bars,) = json.loads(at.get("plotly_chart")[0].proto.spec)["data"]
    assert (bars["type"], bars["orientation"]) == ("bar", "h")
    at.text_area[0].set_value("SELECT 1 AS one").run()
    assert answered(at).to_dict("records") == [{"one": 1}]
    assert not at.get("plotly_chart")


REFUSALS = {
    "DROP TABLE runs": "this is a statement of the kind DROP; only SELECT is answered, nothing can be changed",
    "SELECT * FROM read_text('/etc/passwd')": "only the tables of the store can be read here",
    "SELECT los FROM runs": "loss",
    "SELECT * FROM runs WHERE false": "No row answers this query.",
}


@pytest.mark.parametrize("sql", REFUSALS)
def test_a_query_that_has_no_answer_gets_a_sentence(sql: str, opened: Callable[..., AppTest]) -> None:
    at = opened(**{"sql.query.0": sql})
    said = [element.value for element in (*at.error, *at.info)]
    assert any(REFUSALS[sql] in text for text in said), said
    assert not at.dataframe


def test_an_empty_store_can_be_asked_too(opened: Callable[..., AppTest], empty_file: Path) -> None:
    assert "No row answers this query." in [text.value for text in opened(empty_file).info]


def test_markup_in_an_answer_is_shown_as_text() -> None:
    rows = pd.DataFrame({"<b>x</b>": ["<img src=x>", "y"], "n": [1, 2]})
    figure = answer_figure(rows, "<b>x</b>", "n", "<b>x</b>").to_json()
    assert "<img" not in figure
    assert "<b>x" not in figure


def test_a_column_of_any_kind_can_be_drawn() -> None:
    rows = pd.DataFrame(
        {
            "number": [1.0, np.nan, 1e6], "text": ["a", None, "b"], "yes": [True, False, None],
            "time": pd.to_datetime(["2026-01-01", None, "2026-01-03"]), "negative": [-1.0, 0.0, np.inf],
            "nothing": [None, None, None], "same": ["x", "x", "x"],
        }
    )  # fmt: skip
    assert numeric(rows) == ["number", "negative"]
    for x in rows:
        for y in numeric(rows):
            for color in ("", *rows):
                figure = answer_figure(rows, x, y, color)
                assert sum(len(trace.x) for trace in figure.data) == 3, (x, y, color)
    many = pd.DataFrame({"x": range(40), "y": range(40), "c": [f"c{k // 2}" for k in range(40)]})
    names = [trace.name for trace in answer_figure(many, "x", "y", "c").data]
    assert len(names) == 11
    assert names[-1] == "others"


def test_columns_are_listed_with_their_comments() -> None:
    columns = pd.DataFrame({"column": ["a"], "type": ["DOUBLE"], "comment": ["price [$/h]"]})
    assert column_list(columns) == "`a` double  \nprice [\\$/h]"
